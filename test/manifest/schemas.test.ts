import { readdir, readFile } from "node:fs/promises";

import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";

const folder = new URL("../../schemas/", import.meta.url);

interface Schema {
  readonly $id: string;
  readonly title?: string;
  readonly description?: string;
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const schemas = await Promise.all(
  (await readdir(folder))
    .filter((file) => file.endsWith(".json"))
    .map(
      async (file) => [file, JSON.parse(await readFile(new URL(file, folder), "utf8")) as Schema] as const,
    ),
);

it.each(schemas)("%s is a valid schema, named after its file, and says what it is", async (file, schema) => {
  const ajv = new Ajv2020({ strict: true });
  for (const [, other] of schemas) if (other !== schema) ajv.addSchema(other);
  ajv.compile(schema);
  expect(schema.$id).toBe(`https://tradsys.dev/schemas/${file}`);
  expect(schema.title).toBeTruthy();
  expect(schema.description).toBeTruthy();
});

it.each(schemas)("%s describes every field a person writes", (_, schema) => {
  const undescribed = Object.entries(schema.properties ?? {})
    .filter(([, field]) => field.description === undefined && field.$ref === undefined)
    .map(([name]) => name);
  expect(undescribed).toEqual([]);
});
