import { cp, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { buildPlugin } from "../../src/build/build-plugin.ts";
import { openBundle } from "../../src/bundle/open.ts";
import { CODE_FILE } from "../../src/domain/bundle.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { parsePlugin } from "../../src/manifest/parse.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { buildFiles, folderWith, manifestWith, refusalOf } from "./plugin-folder.ts";

const INDEX = "src/index.ts";
const PLUGIN =
  'import { definePlugin } from "tradsys/plugin";\nexport default definePlugin({ activate: () => ({ main: {} }) });\n';
const connector = join(import.meta.dirname, "../../manifests/plugins/connector-binance");

const codeOf = (bytes: Buffer): string =>
  openBundle(bytes, { file: "b" }).files.get(CODE_FILE)?.toString() ?? "";

describe("gives equal bytes", () => {
  it("in another folder, with other clutter around it", async () => {
    const first = await buildFiles({ [INDEX]: PLUGIN });
    const second = await buildFiles({
      [INDEX]: PLUGIN,
      "tsconfig.json": '{ "compilerOptions": { "target": "es5", "useDefineForClassFields": false } }',
      ".env": "NODE_ENV=production",
      "src/unused.ts": "export const never = 1;",
    });
    expect(second.content).toBe(first.content);
  });

  it("for the real connector, from its own folder and from a copy", async () => {
    await using elsewhere = await folderWith({});
    await cp(connector, elsewhere.path, { recursive: true });
    // As pnpm lays it out: a link to where the package really is.
    await mkdir(join(elsewhere.path, "node_modules"));
    await symlink(
      join(import.meta.dirname, "../../node_modules/ccxt"),
      join(elsewhere.path, "node_modules/ccxt"),
    );
    const [here, there] = await Promise.all(
      [connector, elsewhere.path].map((folder) => buildConnector(folder)),
    );
    expect(there?.content).toBe(here?.content);
  });

  it("but another inputs digest as soon as a source changes", async () => {
    const first = await buildFiles({ [INDEX]: PLUGIN });
    const second = await buildFiles({ [INDEX]: `${PLUGIN}// a comment\n` });
    expect(second.manifest.build.inputs).not.toBe(first.manifest.build.inputs);
    expect(second.manifest.files[CODE_FILE]).toEqual(first.manifest.files[CODE_FILE]);
  });
});

async function buildConnector(folder: string) {
  const text = (await nodeFiles.read(join(folder, "plugin.yaml"), 1e6)).toString();
  const parsed = parsePlugin(text, "plugin.yaml");
  if (!parsed.ok) throw new TypeError("the connector's manifest is invalid");
  return buildPlugin(parsed.value.value, folder, nodeFiles);
}

it("names the content by the uncompressed archive", async () => {
  const { bytes, content } = await buildFiles({ [INDEX]: PLUGIN });
  expect(sha256(gunzipSync(bytes))).toBe(content);
});

it("takes one exchange out of ccxt, and none of what ccxt calls optional", async () => {
  const { bytes, packages, warnings } = await buildConnector(connector);
  const code = codeOf(bytes);
  expect(code).toMatch(/id:"binance"/);
  for (const other of ["kraken", "okx", "bybit", "coinbase", "kucoin", "bitfinex", "gate", "huobi"]) {
    expect(code).not.toContain(`id:"${other}"`);
  }
  expect(code.length).toBeLessThan(1_600_000);
  expect(packages.map((name) => name.replace(/@[^@]+$/, ""))).toEqual([
    "@noble/curves",
    "@noble/hashes",
    "@scure/base",
    "@scure/starknet",
    "ccxt",
    "tradsys",
    "undici",
    "ws",
  ]);
  expect(warnings.map(({ code: warning }) => warning)).toEqual(["IMPORT_DEEP", "IMPORT_FORBIDDEN"]);
});

it("keeps the names of error classes", async () => {
  const { bytes } = await buildFiles({
    [INDEX]: `class VenueError extends Error {}\nexport default { activate: () => { throw new VenueError("x"); } };\n`,
  });
  expect(codeOf(bytes)).toContain('"VenueError"');
});

describe("the bill of materials", () => {
  it("comes with the licence of every package", async () => {
    const { bytes, packages } = await buildConnector(connector);
    const notices = openBundle(bytes, { file: "b" }).files.get("LICENSES.txt")?.toString() ?? "";
    for (const name of packages) expect(notices).toContain(`${name} (`);
    expect(notices).toContain("MIT License");
  });
});

describe("refuses", () => {
  it("an import that leads nowhere, at its place", async () => {
    expect(await refusalOf({ [INDEX]: 'import x from "left-pad";\nexport default x;\n' })).toMatchObject({
      code: "IMPORT_UNRESOLVED",
      diagnostics: [
        {
          location: { start: { line: 1, column: 15 } },
          hint: expect.stringContaining("npm install left-pad") as string,
        },
      ],
    });
  });

  it("top-level await, with a way out", async () => {
    expect(await refusalOf({ [INDEX]: "await Promise.resolve();\nexport default {};\n" })).toMatchObject({
      code: "TOP_LEVEL_AWAIT",
      diagnostics: [{ hint: "Move it into `activate` or a facet's `start`, which may be async." }],
    });
  });

  it("a syntax error, at its place", async () => {
    expect(await refusalOf({ [INDEX]: "export default {\n  activate( {}\n};\n" })).toMatchObject({
      code: "BUILD_FAILED",
      diagnostics: [{ location: { start: { line: 3 } } }],
    });
  });

  it("a built-in that the manifest does not permit", async () => {
    const source = 'import { exec } from "node:child_process";\nexport default { activate: () => exec };\n';
    expect(await refusalOf({ [INDEX]: source })).toMatchObject({ code: "IMPORT_FORBIDDEN" });
    expect(
      await refusalOf({ [INDEX]: source }, { permissions: { builtins: ["child_process"] } }),
    ).toBeUndefined();
  });

  it("network and file modules without hosts and paths", async () => {
    const source =
      'import net from "node:net";\nimport fs from "node:fs";\nexport default { activate: () => [net, fs] };\n';
    expect(await refusalOf({ [INDEX]: source })).toMatchObject({ diagnostics: [{}, {}] });
    expect(
      await refusalOf({ [INDEX]: source }, { permissions: { net: ["a.example"], fs: ["/data"] } }),
    ).toBeUndefined();
  });

  it("an entry that is not there", async () => {
    expect(await refusalOf({ "src/main.ts": PLUGIN })).toMatchObject({ code: "ENTRY_MISSING" });
  });
});

/** A package `dep` in the plugin's folder. */
const installed = (json: object, files: Record<string, string>) =>
  Object.fromEntries([
    ["node_modules/dep/package.json", JSON.stringify({ name: "dep", version: "1.2.3", ...json })],
    ...Object.entries(files).map(([name, text]) => [`node_modules/dep/${name}`, text]),
  ]) as Record<string, string>;

describe("imports of packages", () => {
  const usesDep = 'import dep from "dep";\nexport default { activate: () => dep };\n';

  it("leave out what a package calls optional, installed or not", async () => {
    const optional = {
      peerDependencies: { extra: "*" },
      peerDependenciesMeta: { extra: { optional: true } },
    };
    const dep = installed(optional, {
      "index.js": 'let e; try { e = require("extra"); } catch {}\nmodule.exports = e;',
    });
    const without = await buildFiles({ [INDEX]: usesDep, ...dep });
    const withIt = await buildFiles({
      [INDEX]: usesDep,
      ...dep,
      "node_modules/extra/package.json": '{ "name": "extra", "version": "1.0.0" }',
      "node_modules/extra/index.js": "module.exports = 'here';",
    });
    expect(codeOf(without.bytes)).toContain('require("extra")');
    expect(withIt.content).toBe(without.content);
  });

  it("turn a dynamic import into the loader's require", async () => {
    const dep = installed(
      { optionalDependencies: { extra: "*" } },
      { "index.js": 'exports.e = () => import("extra");' },
    );
    const { bytes } = await buildFiles({ [INDEX]: usesDep, ...dep });
    expect(codeOf(bytes)).not.toMatch(/\bimport\(/);
    expect(codeOf(bytes)).toContain('require("extra")');
  });

  it("may go past an exports map, with a warning", async () => {
    const dep = installed(
      { exports: { ".": "./index.js" } },
      { "index.js": "", "lib/one.js": "module.exports = 'one';" },
    );
    const { warnings } = await buildFiles({
      [INDEX]: 'import x from "dep/lib/one.js";\nexport default x;\n',
      ...dep,
    });
    expect(warnings).toMatchObject([{ code: "IMPORT_DEEP", severity: "warning" }]);
  });

  it("stay out when the host provides them", async () => {
    const { bytes, packages } = await buildFiles(
      { [INDEX]: usesDep, ...installed({}, { "index.js": "module.exports = 'bundled';" }) },
      { hostProvided: ["dep"] },
    );
    expect(codeOf(bytes)).not.toContain("bundled");
    expect(packages).toEqual([]);
  });
});

it("does not look at the plugin's folder for anything but its sources", async () => {
  await using folder = await folderWith({ [INDEX]: PLUGIN, "esbuild.config.js": "throw new Error('ran');" });
  await expect(buildPlugin(manifestWith(), folder.path, nodeFiles)).resolves.toMatchObject({ warnings: [] });
});
