import { chmod, cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { openBundle } from "../../src/bundle/open.ts";
import { CODE_FILE, type OpenBundle } from "../../src/domain/bundle.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { contentsOf, tradsys, tradsysJson } from "../support/command.ts";
import { all, edit, emptyFolder, pluginCode, writePlugin } from "../support/desk.ts";

/** Installs a package as npm would, in the folder or in one below it. */
async function install(folder: string, name: string, { version = "1.0.0", code = "" }): Promise<void> {
  const target = join(folder, "node_modules", name);
  await mkdir(target, { recursive: true });
  await writeFile(join(target, "package.json"), JSON.stringify({ name, version, main: "index.js" }));
  await writeFile(join(target, "index.js"), code);
}

async function built(folder: string, bundle: string): Promise<OpenBundle> {
  const file = `${bundle}.tar.gz`;
  return openBundle(await nodeFiles.read(join(folder, "bundles", file), 10_000_000), { file });
}
const build = "build plugins/sample --out bundles";
const using = (name: string): string =>
  `import * as used from "${name}";\n${pluginCode("", "console.debug(used);")}`;
const textOf = ({ files }: OpenBundle, name: string): string => files.get(name)?.toString() ?? "";

it("threat 20: an import of what is not installed is refused, and nothing is fetched for it", async () => {
  const folder = await emptyFolder();
  await writePlugin(folder, { name: "sample", code: using("@acme/internal-prices") });
  const before = await contentsOf(folder);
  const { code, diagnostics } = await tradsysJson(folder, build);
  expect(code).toBe(65);
  expect(diagnostics).toMatchObject([{ code: "IMPORT_UNRESOLVED" }]);
  expect(await contentsOf(folder)).toEqual(before);
});

it("threat 20: a package that takes another's place makes another bundle, and says so in its record", async () => {
  const folder = await emptyFolder();
  const bundle = await writePlugin(folder, { name: "sample", code: using("prices") });
  await install(folder, "prices", { code: "exports.source = 'ours';" });
  await all(folder, [build]);
  const ours = await built(folder, bundle);
  // A nearer package of the same name and version wins, as it does for Node.js.
  await install(join(folder, "plugins/sample"), "prices", { code: "exports.source = 'theirs';" });
  await all(folder, [build]);
  const theirs = await built(folder, bundle);
  expect(theirs.content).not.toBe(ours.content);
  expect(theirs.manifest.build.inputs).not.toBe(ours.manifest.build.inputs);
  expect(theirs.manifest.build.options).toBe(ours.manifest.build.options);
});

it("threat 20: the bill of materials lists every package that is inside, and only those", async () => {
  const folder = await emptyFolder();
  const bundle = await writePlugin(folder, { name: "sample", code: using("prices") });
  await install(folder, "prices", { version: "2.1.0", code: "exports.fees = require('fees');" });
  await install(folder, "fees", { version: "3.0.0", code: "exports.fee = 1;" });
  await install(folder, "unused", {});
  await all(folder, [build]);
  const { components } = JSON.parse(textOf(await built(folder, bundle), "sbom.cdx.json")) as {
    components: { purl: string }[];
  };
  expect(components.map(({ purl }) => purl.replace(/(?<=npm\/tradsys@).*/, "…"))).toEqual([
    "pkg:npm/fees@3.0.0",
    "pkg:npm/prices@2.1.0",
    "pkg:npm/tradsys@…",
  ]);
});

it("threat 20: a package of the host never ends in a bundle", async () => {
  const folder = await emptyFolder();
  const bundle = await writePlugin(folder, {
    name: "sample",
    code: using("prices"),
    manifest: "facets: { main: {} }\nhostProvided: [prices]",
  });
  await install(folder, "prices", { code: "exports.source = 'embedded';" });
  await all(folder, [build]);
  const opened = await built(folder, bundle);
  expect(textOf(opened, CODE_FILE)).toContain('require("prices")');
  expect(textOf(opened, CODE_FILE)).not.toContain("embedded");
  expect(textOf(opened, "sbom.cdx.json")).not.toContain("prices");
});

it("threat 21: a build runs nothing that lies around its sources", async () => {
  const folder = await emptyFolder();
  await writePlugin(folder, { name: "sample", code: using("prices") });
  await install(folder, "prices", {});
  const plugin = join(folder, "plugins/sample");
  const honest = await tradsysJson(folder, build);
  const attack = `require("node:fs").writeFileSync(${JSON.stringify(join(folder, "ATTACKED"))}, "");`;
  const module = `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(join(folder, "ATTACKED"))}, "");`;
  const shell = `touch ${join(folder, "ATTACKED")}`;
  const scripts = Object.fromEntries(
    ["preinstall", "install", "postinstall", "prepare", "prebuild", "build", "postbuild", "test"].map(
      (name) => [name, shell],
    ),
  );
  const traps: Record<string, string> = {
    "package.json": JSON.stringify({
      name: "sample",
      version: "1.0.0",
      scripts,
      browserslist: "extends ./trap.cjs",
    }),
    "node_modules/prices/package.json": JSON.stringify({
      name: "prices",
      version: "1.0.0",
      main: "index.js",
      scripts,
    }),
    "plugin.js": attack,
    "plugin.cjs": attack,
    "plugin.config.js": module,
    "tradsys.config.js": module,
    "tradsys.config.ts": module,
    "esbuild.config.js": module,
    "esbuild.config.mjs": module,
    "esbuild.mjs": module,
    "build.js": attack,
    "trap.cjs": attack,
    ".babelrc.js": attack,
    "babel.config.js": attack,
    "postcss.config.js": attack,
    "vite.config.ts": module,
    "rollup.config.mjs": module,
    "webpack.config.js": attack,
    Makefile: `all:\n\t${shell}\n`,
    ".npmrc": `script-shell=${join(plugin, "trap.sh")}\n`,
    ".envrc": shell,
    "trap.sh": `#!/bin/sh\n${shell}\n`,
    "node_modules/.bin/esbuild": `#!/bin/sh\n${shell}\n`,
    "node_modules/esbuild/package.json": '{"name":"esbuild","version":"99.0.0","main":"index.js"}',
    "node_modules/esbuild/index.js": attack,
    "node_modules/tradsys/package.json": '{"name":"tradsys","version":"99.0.0","main":"index.js"}',
    "node_modules/tradsys/plugin.js": attack,
  };
  for (const [name, text] of Object.entries(traps)) {
    const path = join(plugin, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
    await chmod(path, 0o755);
  }
  await cp(join(plugin, "node_modules"), join(folder, "node_modules"), { recursive: true, force: false });
  const trapped = await tradsysJson(folder, build);
  expect(await readdir(folder)).not.toContain("ATTACKED");
  expect(trapped.code).toBe(0);
  expect(contentOf(trapped)).toBe(contentOf(honest));
});

const contentOf = ({ data }: { readonly data: unknown }): string | undefined =>
  (data as readonly { readonly content: string }[])[0]?.content;

it("threat 24: two machines that differ in all that should not matter build the same bundle, and both sign it", async () => {
  const [here, there] = [await emptyFolder(), join(await emptyFolder(), "deeper/down")];
  const bundle = await writePlugin(here, { name: "sample", code: using("prices") });
  await install(here, "prices", { code: "exports.source = 'ours';" });
  await cp(here, there, { recursive: true });
  const other = { TZ: "Pacific/Chatham", LC_ALL: "tr_TR.UTF-8", NODE_ENV: "production", HOME: there };
  await all(here, [build, "keys generate first --trust trust.yaml"]);
  expect((await tradsys(there, build, { env: other })).code).toBe(0);
  expect((await built(there, bundle)).content).toBe((await built(here, bundle)).content);

  await cp(join(here, "trust.yaml"), join(there, "trust.yaml"));
  await all(there, [
    "keys generate second --trust trust.yaml",
    `sign bundles/${bundle}.tar.gz --key keys/second.key`,
  ]);
  await edit(join(there, "trust.yaml"), "builder: 1", "builder: 2");
  const line = `verify bundles/${bundle}.tar.gz`;
  expect((await tradsysJson(there, line)).code).toBe(77);
  // The first machine signs what it built itself; only its signature travels.
  await all(here, [`sign bundles/${bundle}.tar.gz --key keys/first.key`]);
  for (const name of await readdir(join(here, "bundles"))) {
    if (name.endsWith(".sigstore.json")) await cp(join(here, "bundles", name), join(there, "bundles", name));
  }
  expect((await tradsysJson(there, line)).code).toBe(0);
});
