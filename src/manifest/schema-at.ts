import { unescapePointer } from "./document.ts";

export type Schema = Readonly<Record<string, unknown>>;

/** Schemas by file name, and the one that a value was checked against. */
export interface SchemaSource {
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly file: string;
  /** What to call the value as a whole. Defaults to "the document". */
  readonly subject?: string;
}

export const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null;

export const membersOf = (schema: Schema | undefined): Schema =>
  isSchema(schema?.["properties"]) ? schema["properties"] : {};

/** The schema that governs the value at a pointer, references followed. */
export function schemaAt({ schemas, file }: SchemaSource, pointer: string): Schema | undefined {
  let at = resolveReference({ schema: schemas[file], file }, schemas);
  for (const segment of pointer.split("/").slice(1).map(unescapePointer)) {
    const next = membersOf(at.schema)[segment] ?? at.schema?.["additionalProperties"] ?? at.schema?.["items"];
    at = resolveReference({ schema: isSchema(next) ? next : undefined, file: at.file }, schemas);
  }
  return at.schema;
}

interface Place {
  readonly schema: Schema | undefined;
  readonly file: string;
}

/** Follows `$ref`, keeping what stands beside it: a member's own description wins over the shared one. */
function resolveReference({ schema, file }: Place, schemas: SchemaSource["schemas"]): Place {
  const reference = schema?.["$ref"];
  if (typeof reference !== "string") return { schema, file };
  const [target = "", fragment = ""] = reference.split("#");
  const targetFile = target || file;
  let found: unknown = schemas[targetFile];
  for (const segment of fragment.split("/").slice(1)) found = isSchema(found) ? found[segment] : undefined;
  const resolved = resolveReference(
    { schema: isSchema(found) ? found : undefined, file: targetFile },
    schemas,
  );
  return {
    file: resolved.file,
    schema: {
      ...resolved.schema,
      ...schema,
      properties: { ...membersOf(resolved.schema), ...membersOf(schema) },
    },
  };
}
