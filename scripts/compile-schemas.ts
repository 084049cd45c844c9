/** Compiles `schemas/` into validators that need no schema compiler when they run. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { Ajv2020, type AnySchemaObject } from "ajv/dist/2020.js";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const standalone = require("ajv/dist/standalone") as {
  default: (ajv: Ajv2020, names: Record<string, string>) => string;
};

const folder = new URL("../schemas/", import.meta.url);
const target = new URL("../src/manifest/validators.js", import.meta.url);

/** Options are set by what a manifest is: text from outside, whose missing fields take their defaults. */
const ajv = new Ajv2020({
  strict: true,
  allErrors: true,
  ownProperties: true,
  useDefaults: true,
  messages: false,
  code: { source: true, esm: true },
});

export async function compileSchemas(): Promise<void> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".schema.json")).toSorted();
  const names: Record<string, string> = {};
  const schemas: Record<string, AnySchemaObject> = {};
  for (const file of files) {
    const schema = JSON.parse(await readFile(new URL(file, folder), "utf8")) as AnySchemaObject & {
      $id: string;
    };
    ajv.addSchema(schema);
    names[file.replace(".schema.json", "")] = schema.$id;
    schemas[file] = schema;
  }
  // Bundled, so that the helpers the validators call come along and `ajv` itself does not.
  const { outputFiles } = await build({
    stdin: {
      contents: `${standalone.default(ajv, names)}\nexport const schemas = ${JSON.stringify(schemas)};`,
      resolveDir: import.meta.dirname,
      loader: "js",
    },
    bundle: true,
    format: "esm",
    platform: "node",
    minifySyntax: true,
    minifyWhitespace: true,
    write: false,
  });
  const [output] = outputFiles;
  if (!output) throw new Error("esbuild wrote nothing");
  await writeFile(target, output.contents);
}
