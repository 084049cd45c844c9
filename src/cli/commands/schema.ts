import { join, resolve } from "node:path";

import { schemas } from "../../manifest/validators.js";
import { defineCommand, oneOf } from "../command.ts";
import { plural } from "../documents.ts";
import { indentedJson, shownPath } from "../render.ts";
import { table } from "../table.ts";

const SUFFIX = ".schema.json";
const fileOf = (name: string): string => `${name}${SUFFIX}`;

const NAMES: readonly string[] = Object.keys(schemas)
  .map((file) => file.slice(0, -SUFFIX.length))
  .toSorted();

export const schemaCommand = defineCommand({
  usage: "[name]",
  example: "tradsys schema plugin",
  options: {
    out: {
      type: "string",
      value: "DIR",
      description: "Write it, or all of them, into this folder",
    },
  },
  positionals: [0, 1],
  choices: NAMES,

  async run({ flags, args: [wanted] }, io) {
    const names = wanted === undefined ? NAMES : [oneOf(NAMES, wanted, "schema")];
    if (flags.out !== undefined) {
      const folder = resolve(io.cwd, flags.out);
      for (const name of names) {
        await io.files.write(join(folder, fileOf(name)), indentedJson(schemas[fileOf(name)]));
      }
      return {
        data: { folder, files: names.map(fileOf) },
        lines: [`${plural(names.length, "schema")} → ${shownPath(folder, io.cwd)}`],
      };
    }
    if (wanted !== undefined) {
      const schema = schemas[fileOf(wanted)];
      return { data: schema, lines: [indentedJson(schema).trimEnd()] };
    }
    const titles = names.map((name) => [name, titleOf(schemas[fileOf(name)])]);
    return { data: Object.fromEntries(titles), lines: table(titles) };
  },
});

const titleOf = (schema: Readonly<Record<string, unknown>> | undefined): string =>
  typeof schema?.["title"] === "string" ? schema["title"] : "";
