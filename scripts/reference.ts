import { execFile } from "node:child_process";
/** Writes `schemas/README.md`, the reference of every field, from the schemas themselves. `--check` only compares. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly unknown[];
}

const folder = join(dirname(import.meta.dirname), "schemas");
const target = join(folder, "README.md");

/** The order in which a reader meets the formats. */
const FORMATS = [
  "plugin",
  "deployment",
  "platform",
  "trust",
  "bundle",
  "lock",
  "conflict",
  "plan",
  "approval",
  "generation",
  "journal",
  "checkpoint",
];

const found = (await readdir(folder)).filter((file) => file.endsWith(".schema.json")).toSorted();
const missing = found.filter((file) => !FORMATS.includes(file.replace(".schema.json", "")));
if (missing.length > 0) throw new Error(`no place in the reference for ${missing.join(", ")}`);
const schemas = new Map(
  await Promise.all(
    FORMATS.map(async (name): Promise<[string, Schema]> => {
      const file = `${name}.schema.json`;
      return [file, JSON.parse(await readFile(join(folder, file), "utf8")) as Schema];
    }),
  ),
);

/** A schema, and the file that its references start from. */
interface Place {
  readonly schema: Schema;
  readonly file: string;
}

/** What a reference leads to; a place without one is its own. */
function referred({ schema, file }: Place): Place | undefined {
  if (schema.$ref === undefined) return undefined;
  const [path = "", fragment = ""] = schema.$ref.split("#");
  const at = path || file;
  const segments = fragment.split("/").slice(1);
  const meant = segments.reduce<unknown>(
    (value, segment) => (value as Readonly<Record<string, unknown>>)[segment],
    schemas.get(at),
  );
  return { schema: meant as Schema, file: at };
}

/** The place itself and all that it refers to, the nearest first: what stands nearer wins. */
function chainOf(place: Place): readonly Place[] {
  const next = referred(place);
  return next ? [place, ...chainOf(next)] : [place];
}

/** One row for each field, the fields of an object below it. */
function rows(place: Place, path: string): string[] {
  const chain = chainOf(place);
  const required = new Set(chain.flatMap(({ schema }) => schema.required ?? []));
  return chain
    .toReversed()
    .flatMap(({ schema, file }) =>
      Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
        fieldRows({ schema: field, file }, { path: `${path}${name}`, required: required.has(name) }),
      ),
    );
}

function fieldRows(
  place: Place,
  { path, required }: { readonly path: string; readonly required: boolean },
): string[] {
  const chain = chainOf(place);
  const merged: Schema = Object.assign({}, ...chain.map(({ schema }) => schema).toReversed());
  const own = `| \`${path}\` | ${typeOf(merged)} | ${required ? "required" : shown(merged.default)} | ${textOf(merged)} |`;
  const inside = chain.flatMap(({ schema, file }) => [
    ...(typeof schema.additionalProperties === "object"
      ? rows({ schema: schema.additionalProperties, file }, `${path}.<name>.`)
      : []),
    ...(schema.items ? rows({ schema: schema.items, file }, `${path}[].`) : []),
  ]);
  return [own, ...rows(place, `${path}.`), ...inside];
}

function typeOf({ const: constant, enum: values, type, minimum, maximum }: Schema): string {
  if (constant !== undefined) return `\`${constant}\``;
  if (values) return values.map((value) => `\`${value}\``).join(" ");
  const range = minimum !== undefined && maximum !== undefined ? ` ${minimum}–${maximum}` : "";
  return `${String(type ?? "any")}${range}`;
}

const shown = (value: unknown): string => (value === undefined ? "" : `\`${JSON.stringify(value)}\``);

const textOf = ({ description = "", examples }: Schema): string =>
  `${description}${examples ? ` For example \`${String(examples[0])}\`.` : ""}`.replaceAll("|", "\\|");

const sections = [...schemas].map(([file, schema]) =>
  [
    `## ${schema.title} (\`${file}\`)`,
    "",
    schema.description ?? "",
    "",
    "| field | type | default | meaning |",
    "| --- | --- | --- | --- |",
    ...rows({ schema, file }, ""),
  ].join("\n"),
);
const page = [
  "# Formats",
  "",
  "Every field of every format, generated from the schemas in this folder by `npm run reference`. What each code of a",
  "finding means is in [diagnostics.md](diagnostics.md).",
  "",
  ...sections.flatMap((section) => [section, ""]),
].join("\n");

const before = await readFile(target, "utf8").catch(() => "");
await writeFile(target, page);
await promisify(execFile)(process.execPath, [join(dirname(folder), "node_modules/oxfmt/bin/oxfmt"), target]);
const after = await readFile(target, "utf8");
if (process.argv.includes("--check") && before !== after) {
  await writeFile(target, before);
  console.error("schemas/README.md is not current: run `npm run reference`");
  process.exitCode = 1;
}
