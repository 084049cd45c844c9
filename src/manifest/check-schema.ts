import type { ErrorObject } from "ajv";

import { closest } from "../domain/closest.ts";
import type { ErrorCode } from "../domain/codes.ts";
import { escapePointer, unescapePointer, valueAt, type Finding } from "./document.ts";
import { schemas } from "./validators.js";

/**
 * Says in plain words what a schema validator found. One cause gives one finding: what follows from a wrong
 * `apiVersion`, and the branches of an alternative, are left out.
 */
export function schemaFindings(
  errors: readonly ErrorObject[],
  { schemaFile, value }: { readonly schemaFile: string; readonly value: unknown },
): readonly Finding[] {
  const wrongFormat = errors.find(
    (error) =>
      error.instancePath === "/apiVersion" ||
      (error.keyword === "required" &&
        error.instancePath === "" &&
        error.params["missingProperty"] === "apiVersion"),
  );
  if (wrongFormat) return [apiVersionFinding(schemaFile)];
  return errors
    .filter((error) => !/\/(?:oneOf|anyOf)\/\d|\/propertyNames\/.+/.test(error.schemaPath))
    .map((error) => finding(error, schemaFile, valueAt(value, error.instancePath)));
}

function apiVersionFinding(schemaFile: string): Finding {
  const { const: expected } = schemaAt(schemaFile, "/apiVersion") ?? {};
  return {
    code: "API_VERSION_UNKNOWN",
    severity: "error",
    pointer: "/apiVersion",
    message: `this must be \`apiVersion: ${String(expected)}\``,
    hint: `Write \`apiVersion: ${String(expected)}\`, or use the version of tradsys that the file was written for.`,
  };
}

function finding(error: ErrorObject, schemaFile: string, found: unknown): Finding {
  const { instancePath, keyword, params } = error;
  const name = nameOf(instancePath);
  const make = (code: ErrorCode, message: string, more: Partial<Finding> = {}): Finding => ({
    code,
    severity: "error",
    pointer: instancePath,
    message,
    ...more,
  });
  switch (keyword) {
    case "required":
      return make("FIELD_MISSING", `${name} needs \`${params["missingProperty"]}\``, { at: "key" });
    case "additionalProperties":
    case "unevaluatedProperties": {
      const unknown = String(params["additionalProperty"] ?? params["unevaluatedProperty"]);
      const known = Object.keys(membersOf(schemaAt(schemaFile, instancePath)));
      const meant = closest(unknown, known);
      return make("FIELD_UNKNOWN", `${name} has no field \`${unknown}\``, {
        pointer: `${instancePath}/${escapePointer(unknown)}`,
        at: "key",
        hint: meant === undefined ? `Fields are ${listed(known)}.` : `Did you mean \`${meant}\`?`,
      });
    }
    case "propertyNames":
      return make("FIELD_VALUE", `\`${params["propertyName"]}\` is not a name ${name} can hold`, {
        pointer: `${instancePath}/${escapePointer(String(params["propertyName"]))}`,
        at: "key",
      });
    case "type":
      return make("FIELD_TYPE", `${name} must be ${article(String(params["type"]))}`);
    case "enum": {
      const allowed = (params["allowedValues"] as unknown[]).map(String);
      const meant = typeof found === "string" ? closest(found, allowed) : undefined;
      return make("FIELD_VALUE", `${name} must be one of ${listed(allowed)}`, {
        ...(meant !== undefined && { hint: `Did you mean \`${meant}\`?` }),
      });
    }
    case "const":
      return make("FIELD_VALUE", `${name} must be \`${String(params["allowedValue"])}\``);
    case "pattern": {
      const { description, examples } = schemaAt(schemaFile, instancePath) ?? {};
      const example = Array.isArray(examples) ? `For example \`${String(examples[0])}\`.` : undefined;
      return make(
        "FIELD_VALUE",
        `${name} does not have the right form${typeof description === "string" ? `: ${description}` : ""}`,
        {
          ...(example !== undefined && { hint: example }),
        },
      );
    }
    case "minimum":
    case "maximum":
      return make("FIELD_VALUE", `${name} must be ${params["comparison"]} ${params["limit"]}`);
    case "minLength":
    case "minItems":
    case "minProperties":
      return make("FIELD_VALUE", `${name} must have at least ${params["limit"]} ${unitOf(keyword)}`);
    case "maxLength":
    case "maxItems":
    case "maxProperties":
      return make("FIELD_VALUE", `${name} must have at most ${params["limit"]} ${unitOf(keyword)}`);
    case "uniqueItems":
      return make("FIELD_VALUE", `${name} lists the same value twice`);
    case "oneOf":
    case "anyOf":
      return make(
        "FIELD_VALUE",
        `${name} must be exactly one of: ${alternatives(schemaAt(schemaFile, instancePath), keyword)}`,
        {
          at: "key",
        },
      );
    default:
      return make("FIELD_VALUE", `${name} breaks the schema's \`${keyword}\``);
  }
}

const unitOf = (keyword: string): string =>
  keyword.endsWith("Length") ? "characters" : keyword.endsWith("Items") ? "items" : "members";

const article = (type: string): string => (/^[aeio]/.test(type) ? `an ${type}` : `a ${type}`);

const listed = (values: readonly string[]): string => values.map((value) => `\`${value}\``).join(", ");

/** `/facets/main/requires/0/range` reads as `facets.main.requires[0].range`. */
function nameOf(pointer: string): string {
  if (pointer === "") return "the document";
  const path = pointer
    .split("/")
    .slice(1)
    .map((segment) => (/^\d+$/.test(segment) ? `[${segment}]` : `.${unescapePointer(segment)}`))
    .join("");
  return `\`${path.replace(/^\./, "")}\``;
}

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null;

const membersOf = (schema: Schema | undefined): Schema =>
  isSchema(schema?.["properties"]) ? schema["properties"] : {};

/** The branches of an alternative, each by the fields that tell it apart or the type it has. */
function alternatives(schema: Schema | undefined, keyword: string): string {
  const branches = schema?.[keyword];
  if (!Array.isArray(branches)) return "its alternatives";
  return branches
    .filter(isSchema)
    .map((branch) =>
      Array.isArray(branch["required"])
        ? listed(branch["required"].map(String))
        : String(branch["type"] ?? branch["$ref"]),
    )
    .join("; ");
}

/** The schema that governs the value at a pointer, references followed. */
function schemaAt(file: string, pointer: string): Schema | undefined {
  let at = resolveReference({ schema: schemas[file], file });
  for (const segment of pointer.split("/").slice(1).map(unescapePointer)) {
    const next = membersOf(at.schema)[segment] ?? at.schema?.["additionalProperties"] ?? at.schema?.["items"];
    at = resolveReference({ schema: isSchema(next) ? next : undefined, file: at.file });
  }
  return at.schema;
}

interface Place {
  readonly schema: Schema | undefined;
  readonly file: string;
}

/** Follows `$ref`, keeping what stands beside it: a member's own description wins over the shared one. */
function resolveReference({ schema, file }: Place): Place {
  const reference = schema?.["$ref"];
  if (typeof reference !== "string") return { schema, file };
  const [target = "", fragment = ""] = reference.split("#");
  const targetFile = target || file;
  let found: unknown = schemas[targetFile];
  for (const segment of fragment.split("/").slice(1)) found = isSchema(found) ? found[segment] : undefined;
  const resolved = resolveReference({ schema: isSchema(found) ? found : undefined, file: targetFile });
  return {
    file: resolved.file,
    schema: {
      ...resolved.schema,
      ...schema,
      properties: { ...membersOf(resolved.schema), ...membersOf(schema) },
    },
  };
}
