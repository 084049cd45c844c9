import { symlink } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { checkTypes } from "../../src/build/typecheck.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { repository } from "../support/command.ts";
import { folderWith } from "./plugin-folder.ts";

const STRICT =
  '{ "compilerOptions": { "strict": true, "noEmit": true, "types": [], "lib": ["es2024"] }, "include": ["src"] }';

async function checked(files: Readonly<Record<string, string>>, { typescript = true } = {}) {
  await using folder = await folderWith(files);
  if (typescript) await symlink(join(repository, "node_modules"), join(folder.path, "node_modules"));
  const types = await checkTypes(folder.path, nodeFiles);
  return types.kind === "skipped"
    ? types
    : {
        ...types,
        files: types.files
          .filter((path) => !path.includes("node_modules"))
          .map((path) => path.slice(folder.path.length + 1)),
      };
}

it("tells what the author's own compiler finds, at its place", async () => {
  const types = await checked({
    "tsconfig.json": STRICT,
    "src/index.ts": 'const size: number = "many";\nexport { size };\n',
  });
  expect(types).toMatchObject({
    kind: "checked",
    findings: [
      {
        code: "TYPE_ERROR",
        severity: "error",
        message: "TS2322: Type 'string' is not assignable to type 'number'.",
        location: { start: { line: 1, column: 7 } },
      },
    ],
  });
});

it("keeps the lines of a long message together", async () => {
  const source =
    'const point: { x: { y: number } } = { x: { y: "1" } as { y: string } };\nexport { point };\n';
  expect(await checked({ "tsconfig.json": STRICT, "src/index.ts": source })).toMatchObject({
    findings: [
      {
        message: expect.stringMatching(
          /^TS2322: .*\n.*'string' is not assignable to type 'number'/s,
        ) as string,
      },
    ],
  });
});

it("names every file that counted, with the configuration it extends", async () => {
  const types = await checked({
    "tsconfig.json": '{ "extends": "./base.json", "include": ["src"] }',
    "base.json": STRICT,
    "src/index.ts": 'import type { Size } from "./types.ts";\nexport const size: Size = 1;\n',
    "src/types.ts": "export type Size = number;\n",
  });
  expect(types).toMatchObject({
    files: ["tsconfig.json", "base.json", "src/types.ts", "src/index.ts"],
  });
});

it("is skipped, with the reason, where a plugin has no types to check", async () => {
  expect(await checked({ "src/index.js": "" })).toEqual({ kind: "skipped", reason: "no tsconfig.json" });
  expect(await checked({ "tsconfig.json": STRICT, "src/index.ts": "" }, { typescript: false })).toEqual({
    kind: "skipped",
    reason: "TypeScript is not installed",
  });
});

it("tells a configuration that cannot be used", async () => {
  expect(
    await checked({ "tsconfig.json": '{ "compilerOptions": { "strict": "yes" } }', "src/index.ts": "" }),
  ).toMatchObject({
    findings: [{ code: "TYPE_ERROR" }],
  });
});
