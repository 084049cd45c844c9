/**
 * Bundles the ccxt connector once, as the first thing in this process, and prints how many milliseconds that took. What
 * has to be imported for it is imported before. Usage: `bundle-once.ts <subject> <folder>`.
 */
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";

import { build, context, stop, type BuildOptions } from "esbuild";

import { buildPlugin, openBuild, type BuiltBundle } from "../../src/build/build-plugin.ts";
import { sourceLocator } from "../../src/build/locate.ts";
import { startSmoke } from "../../src/build/smoke.ts";
import { parsePlugin } from "../../src/manifest/parse.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { generateKey, localSigner } from "../../src/signing/keys.ts";
import { signBundle } from "../../src/signing/sign.ts";

const [subject = "", folder = ""] = process.argv.slice(2);
const copies = Array.from({ length: 10 }, (_, i) => `${folder}-${i}`);
const root = join(import.meta.dirname, "../..");
const signer = localSigner(generateKey().privatePem);
const parsed = parsePlugin(await readFile(join(folder, "plugin.yaml"), "utf8"), "plugin.yaml");
if (!parsed.ok) throw new Error("the connector's manifest is invalid");
const manifest = parsed.value.value;

/** What the loader answers with MODULE_NOT_FOUND: ccxt and its packages call them optional. */
const OPTIONAL = [
  "http-proxy-agent",
  "https-proxy-agent",
  "socks-proxy-agent",
  "protobufjs",
  "protobufjs/minimal",
  "protobufjs/minimal.js",
  "bufferutil",
  "utf-8-validate",
];
/** Resolved by hand: a deep import that ccxt does not export, and what plugins import. */
const ALIAS = {
  "ccxt/js/src/pro/binance.js": join(root, "node_modules/ccxt/js/src/pro/binance.js"),
  "tradsys/plugin": join(root, "dist/plugin/index.js"),
};
const raw = (absWorkingDir: string): BuildOptions => ({
  absWorkingDir,
  entryPoints: ["./src/index.ts"],
  outfile: "dist/plugin.js",
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node24",
  minify: true,
  keepNames: true,
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  write: false,
  logLevel: "silent",
  alias: ALIAS,
  external: OPTIONAL,
});

/** Prepares a subject; what it returns is timed. */
const SUBJECTS: Readonly<Record<string, () => Promise<() => Promise<unknown>>>> = {
  esbuild: async () => () => build(raw(folder)),
  tradsys: async () => async () => signed(await buildPlugin(manifest, folder, nodeFiles)),
  "tradsys, smoke import": async () => async () => {
    using smoke = await startSmoke();
    const bundle = await buildPlugin(manifest, folder, nodeFiles);
    const findings = await smoke.load({
      bytes: bundle.bytes,
      manifest,
      folder,
      locator: () => sourceLocator(manifest, folder, nodeFiles),
    });
    if (findings.length > 0) throw new Error("the connector does not load");
    return await signed(bundle);
  },
  "bare import": async () => {
    const { bytes } = await buildPlugin(manifest, folder, nodeFiles);
    return async () => {
      using smoke = await startSmoke();
      await smoke.load({
        bytes,
        manifest,
        folder,
        locator: () => sourceLocator(manifest, folder, nodeFiles),
      });
    };
  },
  "10 × esbuild": async () => async () => {
    for (const copy of copies) await build(raw(copy));
  },
  "10 × tradsys": async () => () =>
    inPairs(copies, async (copy) => signed(await buildPlugin(manifest, copy, nodeFiles))),
  "esbuild rebuild": async () => {
    const open = await context(raw(folder));
    await open.rebuild();
    await edit();
    return () => open.rebuild();
  },
  "tradsys rebuild": async () => {
    const open = await openBuild(manifest, folder, { files: nodeFiles });
    await open.build();
    await edit();
    return async () => {
      const bundle = await open.build();
      await Promise.all([
        nodeFiles.write(join(folder, "out/bundle.tar.gz"), bundle.bytes),
        nodeFiles.write(join(folder, "out/envelope.json"), await signed(bundle)),
      ]);
    };
  },
  rolldown: async () => {
    const { rolldown } = await import("rolldown");
    return async () => {
      const bundle = await rolldown({
        input: join(folder, "src/index.ts"),
        platform: "node",
        external: OPTIONAL,
        resolve: { alias: ALIAS },
        logLevel: "silent",
      });
      return bundle.generate({ format: "cjs", minify: true });
    };
  },
  "rollup, not minified": async () => {
    const [{ rollup }, resolve, commonjs] = await Promise.all([
      import("rollup"),
      import("@rollup/plugin-node-resolve"),
      import("@rollup/plugin-commonjs"),
    ]);
    return async () => {
      const bundle = await rollup({
        input: join(folder, "js/index.js"),
        external: OPTIONAL,
        plugins: [
          resolve.nodeResolve({ preferBuiltins: true, exportConditions: ["node"] }),
          (commonjs.default as unknown as typeof commonjs.default.default)(),
        ],
        onwarn: () => undefined,
      });
      return bundle.generate({ format: "cjs" });
    };
  },
  webpack: async () => {
    const { default: webpack } = await import("webpack");
    return () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      webpack(
        {
          mode: "production",
          target: "node24",
          entry: join(folder, "js/index.js"),
          output: { path: join(folder, "webpack"), library: { type: "commonjs2" } },
          externals: OPTIONAL,
          performance: false,
        },
        (error, stats) => {
          if (error || stats?.hasErrors()) reject(error ?? new Error(stats?.toString("errors-only")));
          else resolve();
        },
      );
      return promise;
    };
  },
  ncc: async () => {
    const { default: ncc } = await import("@vercel/ncc");
    return () =>
      ncc(join(folder, "js/index.js"), { minify: true, quiet: true, externals: OPTIONAL, cache: false });
  },
};

const signed = (bundle: BuiltBundle): Promise<string> => signBundle(bundle, signer, { role: "builder" });

/** As a developer saves a file. */
const edit = (): Promise<void> => appendFile(join(folder, "src/message.ts"), `// ${Math.random()}\n`);

/** Two at once, as on a machine with two cores. */
async function inPairs<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all([worker(), worker()]);
}

const prepared = await SUBJECTS[subject]?.();
if (!prepared) throw new Error(`there is no subject ${subject}`);
const began = performance.now();
await prepared();
console.log(performance.now() - began);
await stop();
process.exit();
