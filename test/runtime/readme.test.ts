import { access, readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { repository } from "../support/command.ts";

/** Rows of the table in the runtime's own documentation: code and test, with the test's name. */
async function rows(): Promise<readonly (readonly [code: string, test: string, name: string])[]> {
  const text = await readFile(join(repository, "src/runtime/README.md"), "utf8");
  return [...text.matchAll(/^\| .*\| `(\S+\.ts)` *\| `(\S+\.test\.ts)`: (.*?) *\|$/gm)].map(
    ([, code = "", test = "", name = ""]) => [code, test, name],
  );
}

it("answers the analysis with code that is there and tests of that name", async () => {
  const stated = await rows();
  const wrong: string[] = [];
  for (const [code, test, name] of stated) {
    await access(join(repository, "src", code)).catch(() => wrong.push(code));
    const text = await readFile(join(repository, "test", test), "utf8").catch(() => "");
    if (!text.includes(`"${name}"`)) wrong.push(`${test}: ${name}`);
  }
  expect(wrong).toEqual([]);
  expect(stated.length).toBeGreaterThanOrEqual(44);
});
