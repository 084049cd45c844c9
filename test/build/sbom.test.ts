import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { Ajv } from "ajv";
import { build, type Plugin } from "esbuild";
import { expect, it } from "vitest";

import { buildPlugin } from "../../src/build/build-plugin.ts";
import { openBundle } from "../../src/bundle/open.ts";
import { parsePlugin } from "../../src/manifest/parse.ts";
import { nodeFiles } from "../../src/platform/files.ts";

const connector = join(import.meta.dirname, "../../manifests/plugins/connector-binance");

/** The official schemas, as CycloneDX publishes them on npm and as its specification's repository has them. */
const PLACES = [
  {
    from: "the CycloneDX library",
    folder: join(
      dirname(createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json")),
      "res/schema",
    ),
    suffix: ".SNAPSHOT.schema.json",
  },
  {
    from: "the specification (skipped where it is absent)",
    folder: new URL("../../../shared/fixtures/sbom", import.meta.url).pathname,
    suffix: ".schema.json",
  },
];

interface Bom {
  readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
}

async function billOfConnector(): Promise<Bom> {
  const file = join(connector, "plugin.yaml");
  const parsed = parsePlugin(readFileSync(file, "utf8"), file);
  if (!parsed.ok) throw new Error("the sample connector has a bad manifest");
  const { bytes } = await buildPlugin(parsed.value.value, connector, nodeFiles);
  return JSON.parse(openBundle(bytes, { file }).files.get("sbom.cdx.json")?.toString() ?? "") as Bom;
}
const bom = await billOfConnector();

const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8")) as object;

for (const { from, folder, suffix } of PLACES) {
  it.skipIf(!existsSync(folder))(`is valid by the schema of CycloneDX 1.6 from ${from}`, () => {
    const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
    for (const name of ["spdx", "jsf-0.82", "cryptography-defs"]) {
      const path = join(folder, `${name}${suffix}`);
      if (existsSync(path)) ajv.addSchema(readJson(path), `http://cyclonedx.org/schema/${name}${suffix}`);
    }
    const validate = ajv.compile(readJson(join(folder, `bom-1.6${suffix}`)));
    validate(bom);
    expect(validate.errors).toBeNull();
    expect(validate({ ...bom, specVersion: 1.6 })).toBe(false);
  });
}

const packages = join(import.meta.dirname, "../../node_modules");

/** A file of a package that its `exports` do not name is taken by its path; what is missing is optional here. */
const asTheBuildResolves: Plugin = {
  name: "as-the-build-resolves",
  setup(building) {
    building.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === "asked") return undefined;
      const found = await building.resolve(path, { ...rest, pluginData: "asked" });
      if (found.errors.length === 0) return found;
      const deep = join(packages, path);
      return existsSync(deep) ? { path: deep } : { path, external: true };
    });
  },
};

it("lists every package that esbuild's own metafile names, and no other", async () => {
  const { metafile } = await build({
    absWorkingDir: connector,
    entryPoints: ["./src/index.ts"],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    minify: true,
    metafile: true,
    logLevel: "silent",
    // What ccxt and ws call optional stays out of bundles.
    external: ["bufferutil", "fflate", "utf-8-validate"],
    plugins: [asTheBuildResolves],
  });
  const bundled = Object.keys(metafile.inputs).flatMap((input) => {
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
    if (folder === undefined) return [];
    const { name, version } = readJson(join(connector, folder, "package.json")) as Record<string, string>;
    return [`${name}@${version}`];
  });
  const listed = bom.components.map(({ name, version }) => `${name}@${version}`);
  expect(bundled.length).toBeGreaterThan(100);
  expect(listed.filter((each) => !each.startsWith("tradsys@"))).toEqual([...new Set(bundled)].toSorted());
});
