import { spawn } from "node:child_process";
import { appendFile, cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { expect, it } from "vitest";

import { contentsOf, expectGolden, repository, tradsys, tradsysJson, typed } from "../support/command.ts";
import { pluginCode, publishedDesk, writePlugin } from "../support/desk.ts";

interface Told {
  readonly name: string;
  readonly content: string;
  readonly unchanged: boolean;
  readonly typesChecked: boolean;
}

/** Builds into `out` and tells what came of each plugin. */
async function build(folder: string, line: string): Promise<readonly Told[]> {
  const { code, data, diagnostics } = await tradsysJson(folder, `build ${line} --out out`);
  expect({ code, diagnostics }).toEqual({ code: 0, diagnostics: [] });
  return data as readonly Told[];
}

it("builds a folder of plugins, providers first", async () => {
  const told = await build(await publishedDesk(), "plugins");
  const names = told.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(3);
  expect(names.indexOf("@tradsys/limit-position")).toBeLessThan(names.indexOf("@tradsys/risk-core"));
});

it("tells what is wrong with every plugin of a folder, and writes none", async () => {
  const folder = await publishedDesk();
  await writePlugin(folder, { name: "lost", code: `import "left-pad-2";\n${pluginCode()}` });
  await writePlugin(folder, { name: "loud", code: `throw new Error("loud");\n${pluginCode()}` });
  await writePlugin(folder, { name: "misnamed", manifest: "prioirty: 1\nfacets: { main: {} }" });
  const before = await contentsOf(folder);
  const { code, diagnostics } = await tradsysJson(folder, "build plugins --out out");
  expect(code).not.toBe(0);
  expect(diagnostics.map((each) => each.code)).toEqual(["FIELD_UNKNOWN", "IMPORT_UNRESOLVED", "LOAD_FAILED"]);
  expect(await contentsOf(folder)).toEqual(before);
});

it("points at the source line that fails when a bundle is loaded", async () => {
  const folder = await publishedDesk();
  await writePlugin(folder, {
    name: "loud",
    code: `const limits = undefined;\n\nlimits.of("BTC");\n${pluginCode()}`,
  });
  const { code } = await expectGolden(folder, "build plugins/loud", { golden: "build/fails-when-loaded" });
  expect(code).toBe(1);
});

it("writes source map, metafile, envelope and treemap beside the bundle, and the bundle stays the same", async () => {
  const folder = await publishedDesk();
  const plain = await build(folder, "plugins/risk-core");
  const full = await build(folder, "plugins/risk-core --debug --analyze --key keys/ci.key");
  expect(full[0]?.content).toBe(plain[0]?.content);
  const names = Object.keys(await contentsOf(join(folder, "out"))).filter(
    (name) => !name.startsWith(".build"),
  );
  expect(names.map((name) => name.replace(/[0-9a-f]{12}/, "<key>"))).toEqual([
    "tradsys-risk-core-4.2.0-debug.tar.gz",
    "tradsys-risk-core-4.2.0-size.html",
    "tradsys-risk-core-4.2.0.tar.gz",
    "tradsys-risk-core-4.2.0.tar.gz.<key>-builder.sigstore.json",
  ]);
  const verified = await tradsys(folder, "verify out/tradsys-risk-core-4.2.0.tar.gz");
  expect(verified.stdout).toMatch(/^signed {2}/);
});

it("checks types with the plugin's own compiler unless told otherwise", async () => {
  const folder = await publishedDesk();
  await writePlugin(folder, {
    name: "typed",
    code: 'const size: number = "many";\nexport default { activate: () => ({ main: { size } }) };\n',
  });
  const project = { compilerOptions: { noEmit: true, types: [], skipLibCheck: true }, include: ["src"] };
  await writeFile(join(folder, "plugins/typed/tsconfig.json"), JSON.stringify(project));
  await symlink(join(repository, "node_modules"), join(folder, "plugins/typed/node_modules"));
  const { diagnostics } = await tradsysJson(folder, "build plugins/typed --out out");
  expect(diagnostics).toMatchObject([{ code: "TYPE_ERROR" }]);
  expect(await build(folder, "plugins/typed --no-typecheck")).toMatchObject([{ typesChecked: false }]);
});

const PLUGIN = "plugins/watched";

/** A plugin with a dependency and a folder as a module, built once. */
async function builtOnce(): Promise<string> {
  const folder = await publishedDesk();
  await writePlugin(folder, {
    name: "watched",
    code: `import part from "./part";\nimport dep from "dep";\nexport default { activate: () => ({ main: { part, dep } }) };\n`,
  });
  await write(folder, "src/part/index.ts", "export default 'folder';");
  await write(folder, "node_modules/dep/package.json", '{ "name": "dep", "version": "1.0.0" }');
  await write(folder, "node_modules/dep/index.js", "module.exports = 1;");
  expect(await build(folder, PLUGIN)).toMatchObject([{ unchanged: false }]);
  expect(await build(folder, PLUGIN)).toMatchObject([{ unchanged: true }]);
  return folder;
}

async function write(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, PLUGIN, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text);
}

it.for<readonly [what: string, change: (folder: string) => Promise<unknown>]>([
  ["a source", (folder) => write(folder, "src/part/index.ts", "export default 'changed';")],
  ["the manifest", (folder) => appendFile(join(folder, PLUGIN, "plugin.yaml"), "\npriority: 7\n")],
  ["a package", (folder) => write(folder, "node_modules/dep/index.js", "module.exports = 2;")],
  [
    "a package's manifest",
    (folder) => write(folder, "node_modules/dep/package.json", '{ "name": "dep", "version": "1.0.1" }'),
  ],
  ["a package's licence", (folder) => write(folder, "node_modules/dep/LICENSE", "MIT")],
  [
    "a file that a module is now found in",
    (folder) => write(folder, "src/part.ts", "export default 'file';"),
  ],
  ["a nearer package", (folder) => write(folder, "src/node_modules/dep/index.js", "module.exports = 3;")],
  ["a project that types are checked by", (folder) => write(folder, "tsconfig.json", '{ "files": [] }')],
  ["the bundle, which is gone", (folder) => rm(join(folder, "out/acme-watched-1.0.0.tar.gz"))],
  [
    "the bundle, which was edited",
    (folder) => appendFile(join(folder, "out/acme-watched-1.0.0.tar.gz"), "x"),
  ],
])("builds again after a change of %s", async ([, change]) => {
  const folder = await builtOnce();
  await change(folder);
  expect((await tradsysJson(folder, `build ${PLUGIN} --out out`)).data).toMatchObject([{ unchanged: false }]);
});

it("builds again for other options, and nothing again when they are as before", async () => {
  const folder = await builtOnce();
  expect(await build(folder, `${PLUGIN} --debug`)).toMatchObject([{ unchanged: false }]);
  expect(await build(folder, `${PLUGIN} --debug`)).toMatchObject([{ unchanged: true }]);
});

it("still knows what it built after the whole workspace was moved", async () => {
  const folder = await builtOnce();
  const moved = await publishedDesk();
  await rm(join(moved, "plugins"), { recursive: true });
  for (const name of ["plugins", "out"]) {
    await cp(join(folder, name), join(moved, name), { recursive: true });
  }
  expect(await build(moved, PLUGIN)).toMatchObject([{ unchanged: true }]);
});

it("believes no state file that was edited", async () => {
  const folder = await builtOnce();
  const states = Object.keys(await contentsOf(join(folder, "out/.build")));
  const path = join(folder, "out/.build", states[0] ?? "");
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace('"1.0.0"', '"6.6.6"'));
  expect(await build(folder, PLUGIN)).toMatchObject([{ unchanged: false }]);
});

it("watches: a signed bundle at every change, what is wrong in between, and an end when it is asked to", async () => {
  const folder = await builtOnce();
  const child = spawn(process.execPath, typed(`build ${PLUGIN} --out out --watch --key keys/ci.key`), {
    cwd: folder,
    env: { PATH: process.env["PATH"] },
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (printed += String(text)));
  const seen = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(printed)) await setTimeout(20);
    printed = "";
  };
  await seen(/content [0-9a-f]{12}/);
  await write(folder, "src/part/index.ts", "export default 'second';");
  await seen(/content [0-9a-f]{12}/);
  expect((await tradsys(folder, "verify out/acme-watched-1.0.0.tar.gz")).stdout).toMatch(/^signed/);
  await write(folder, "src/part/index.ts", "export default 'second");
  await seen(/BUILD_FAILED/);
  await write(folder, "src/part/index.ts", "export default 'third';");
  await seen(/content [0-9a-f]{12}/);
  await write(folder, "src/part/index.ts", "throw new Error('at load');");
  await seen(/content [0-9a-f]{12}[^]*LOAD_FAILED/);
  await write(folder, "node_modules/dep/index.js", "module.exports = 2;");
  await seen(/LOAD_FAILED/);
  child.kill("SIGTERM");
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on("exit", resolve);
  expect(await promise).toBe(0);
});
