import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { execute, repository } from "../support/command.ts";

/** A copy of the sources where a fault can be planted, under the repository's own rules. */
let copy = "";
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), "tradsys-guards-"));
  for (const path of ["src", "package.json", "tsconfig.json", ".oxlintrc.json"]) {
    await cp(join(repository, path), join(copy, path), { recursive: true });
  }
  await symlink(join(repository, "node_modules"), join(copy, "node_modules"));
});
afterAll(() => rm(copy, { recursive: true, force: true }));

/** One import for each folder that its rule must refuse: a neighbour's inside, and a package. */
const FORBIDDEN = [
  { folder: "domain", module: "../platform/files.ts", package: "semver" },
  { folder: "platform", module: "../store/read.ts", package: "yaml" },
  { folder: "bundle", module: "../platform/files.ts", package: "tar" },
  { folder: "manifest", module: "../resolver/resolve.ts", package: "esbuild" },
  { folder: "build", module: "../signing/sign.ts", package: "yaml" },
  { folder: "signing", module: "../store/read.ts", package: "semver" },
  { folder: "store", module: "../resolver/resolve.ts", package: "tar" },
  { folder: "resolver", module: "../store/read.ts", package: "esbuild" },
  { folder: "planner", module: "../resolver/resolve.ts", package: "yaml" },
  { folder: "activation", module: "../planner/plan.ts", package: "esbuild" },
  { folder: "runtime", module: "../resolver/resolve.ts", package: "esbuild" },
  { folder: "runtime/loading", module: "../../manifest/parse.ts", package: "semver" },
  { folder: "plugin", module: "../domain/errors.ts", package: "ws" },
  { folder: "risk", module: "../planner/plan.ts", package: "yaml" },
  { folder: "exchange", module: "../resolver/resolve.ts", package: "ws" },
  { folder: "testing", module: "../runtime/index.ts", package: "yaml" },
];

it.each(FORBIDDEN)("catches what src/$folder must not import", async ({ folder, module, package: name }) => {
  const planted = `import "${module}";\nimport "${name}";\n`;
  const faults = await faultsOf(`src/${folder}/planted.ts`, planted);
  expect(faults.filter((code) => code === "eslint(no-restricted-imports)")).toHaveLength(2);
});

it("catches a promise that nobody waits for", async () => {
  const planted =
    "const later = async (): Promise<void> => undefined;\nexport const start = (): void => { later(); };\n";
  expect(await faultsOf("src/domain/planted.ts", planted)).toContain("typescript(no-floating-promises)");
});

it("catches modules that import each other, types included", async () => {
  const other = `import type { A } from "./planted.ts";\nexport type B = A | undefined;\n`;
  const planted = `import type { B } from "./other.ts";\nexport type A = B | null;\n`;
  expect(await faultsOf("src/domain/planted.ts", planted, { "src/domain/other.ts": other })).toContain(
    "import(no-cycle)",
  );
});

it("finds nothing where nothing is planted", async () => {
  expect(await faultsOf("src/domain/planted.ts", "export const planted = 1;\n")).toEqual([]);
});

it("catches an export that nobody imports", async () => {
  expect(await unusedWith({ "src/domain/planted.ts": "export const planted = 1;\n" })).toContain(
    "src/domain/planted.ts",
  );
});

/** Rules that the linter reports for a planted file. */
async function faultsOf(path: string, text: string, others: Readonly<Record<string, string>> = {}) {
  return withPlanted({ ...others, [path]: text }, async () => {
    const { stdout } = await run("oxlint", ["--format=json", path]);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly { code: string }[] };
    return diagnostics.map(({ code }) => code);
  });
}

const unusedWith = (files: Readonly<Record<string, string>>): Promise<string> =>
  withPlanted(files, async () => (await run("knip", ["--no-progress"])).stdout);

async function withPlanted<T>(files: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await writeFile(join(copy, path), text);
  }
  try {
    return await work();
  } finally {
    await Promise.all(Object.keys(files).map((path) => rm(join(copy, path))));
  }
}

const run = (tool: string, args: readonly string[]) =>
  execute(process.execPath, [join(repository, "node_modules/.bin", tool), ...args], {
    cwd: copy,
    env: { PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` },
  });
