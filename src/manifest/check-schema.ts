import type { ErrorObject } from "ajv";

import { closest } from "../domain/closest.ts";
import type { ErrorCode } from "../domain/codes.ts";
import { escapePointer, unescapePointer, valueAt, type Finding } from "./document.ts";
import { isSchema, membersOf, schemaAt, type Schema, type SchemaSource } from "./schema-at.ts";

/**
 * Says in plain words what a schema validator found. One cause gives one finding: what follows from a wrong
 * `apiVersion`, and the branches of an alternative, are left out.
 */
export function schemaFindings(
  errors: readonly ErrorObject[],
  { source, value }: { readonly source: SchemaSource; readonly value: unknown },
): readonly Finding[] {
  const wrongFormat = errors.find(
    (error) =>
      error.instancePath === "/apiVersion" ||
      (error.keyword === "required" &&
        error.instancePath === "" &&
        error.params["missingProperty"] === "apiVersion"),
  );
  if (wrongFormat) return [apiVersionFinding(source)];
  return errors
    .filter((error) => !/\/(?:oneOf|anyOf)\/\d|\/propertyNames\/.+/.test(error.schemaPath))
    .map((error) => finding(error, source, valueAt(value, error.instancePath)));
}

function apiVersionFinding(source: SchemaSource): Finding {
  const { const: expected } = schemaAt(source, "/apiVersion") ?? {};
  return {
    code: "API_VERSION_UNKNOWN",
    severity: "error",
    pointer: "/apiVersion",
    message: `this must be \`apiVersion: ${String(expected)}\``,
    hint: `Write \`apiVersion: ${String(expected)}\`, or use the version of tradsys that the file was written for.`,
  };
}

function finding(error: ErrorObject, source: SchemaSource, found: unknown): Finding {
  const { instancePath, keyword, params } = error;
  const name = instancePath === "" ? (source.subject ?? "the document") : nameOf(instancePath);
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
      const known = Object.keys(membersOf(schemaAt(source, instancePath)));
      const meant = closest(unknown, known);
      return make("FIELD_UNKNOWN", `${name} has no field \`${unknown}\``, {
        pointer: `${instancePath}/${escapePointer(unknown)}`,
        at: "key",
        ...(known.length > 0 && {
          hint: meant === undefined ? `Fields are ${listed(known)}.` : `Did you mean \`${meant}\`?`,
        }),
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
      const { examples } = schemaAt(source, instancePath) ?? {};
      return make("FIELD_VALUE", `${name} does not have the right form`, {
        hint: Array.isArray(examples)
          ? `For example \`${String(examples[0])}\`.`
          : `The form is \`${params["pattern"]}\`.`,
      });
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
        `${name} must be exactly one of: ${alternatives(schemaAt(source, instancePath), keyword)}`,
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
  const path = pointer
    .split("/")
    .slice(1)
    .map((segment) => (/^\d+$/.test(segment) ? `[${segment}]` : `.${unescapePointer(segment)}`))
    .join("");
  return `\`${path.replace(/^\./, "")}\``;
}

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
