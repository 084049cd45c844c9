/** Compiles `schemas/` into validators that need no schema compiler when they run. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { Ajv2020, type AnySchemaObject } from "ajv/dist/2020.js";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const standalone = require("ajv/dist/standalone") as {
  default: (ajv: Ajv2020, names: Record<string, string>) => string;
};

const schemaFolder = new URL("../schemas/", import.meta.url);
const targetFolder = new URL("../src/manifest/", import.meta.url);

const OPTIONS = {
  strict: true,
  allErrors: true,
  ownProperties: true,
  messages: false,
  code: { source: true, esm: true },
} as const;

/** Writes the validators of our own formats, and that of JSON Schema itself for the schemas that plugins bring. */
export async function compileSchemas(): Promise<void> {
  const files = (await readdir(schemaFolder)).filter((file) => file.endsWith(".schema.json")).toSorted();
  const names: Record<string, string> = {};
  const schemas: Record<string, AnySchemaObject> = {};
  // What is missing in a manifest takes its default as it is checked.
  const ajv = new Ajv2020({ ...OPTIONS, useDefaults: true });
  for (const file of files) {
    const schema = JSON.parse(await readFile(new URL(file, schemaFolder), "utf8")) as AnySchemaObject & {
      $id: string;
    };
    ajv.addSchema(schema);
    names[file.replace(".schema.json", "")] = schema.$id;
    schemas[file] = schema;
  }
  const own = `${standalone.default(ajv, names)}\nexport const schemas = ${JSON.stringify(schemas)};`;
  const metaSchema = { metaSchema: "https://json-schema.org/draft/2020-12/schema" };
  await Promise.all([
    write("validators.js", own),
    write("meta-schema.js", standalone.default(new Ajv2020({ ...OPTIONS, strict: false }), metaSchema)),
  ]);
}

/** Bundled, so that the helpers the validators call come along and `ajv` itself does not. */
async function write(name: string, contents: string): Promise<void> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: "js" },
    bundle: true,
    format: "esm",
    platform: "node",
    minifySyntax: true,
    minifyWhitespace: true,
    write: false,
  });
  const [output] = outputFiles;
  if (!output) throw new Error("esbuild wrote nothing");
  await writeFile(new URL(name, targetFolder), output.contents);
}
