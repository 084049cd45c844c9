import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { expect, it } from "vitest";

import { CODES } from "../../src/domain/codes.ts";
import { docsOf } from "../../src/domain/diagnostic.ts";

const root = dirname(dirname(import.meta.dirname));

it("is what the schemas say now", async () => {
  const script = join(root, "scripts/reference.ts");
  await expect(promisify(execFile)(process.execPath, [script, "--check"])).resolves.toMatchObject({
    stderr: "",
  });
});

it("explains every code, with its exit status, under the anchor that findings link to", async () => {
  const page = await readFile(join(root, "schemas/diagnostics.md"), "utf8");
  const explained = [...page.matchAll(/^### ([a-z_]+)\n\n`([A-Z_]+)`, (\d+)\. /gm)].map(
    ([, anchor, code, exit]) => `${anchor} ${code} ${exit}`,
  );
  const expected = Object.entries(CODES).map(
    ([code, exit]) => `${docsOf(code as keyof typeof CODES).split("#")[1]} ${code} ${exit}`,
  );
  expect(new Set(explained)).toEqual(new Set(expected));
});
