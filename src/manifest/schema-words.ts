import type { ErrorObject } from "ajv";

import { closest } from "../domain/closest.ts";
import { didYouMean } from "../domain/diagnostic.ts";
import { escapePointer, unescapePointer, type Finding } from "./document.ts";
import { formOf } from "./forms.ts";
import { isSchema, type Schema } from "./schema-at.ts";

/** A value that was refused: what to call it, what governs it, and what it is. */
interface Refused {
  readonly schema: Schema | undefined;
  readonly name: string;
  readonly value: unknown;
}

/** One refusal of a value in plain words: what would be right, what is there, and what to write. */
export function wordsFor(error: ErrorObject, { schema, name, value }: Refused): Finding {
  const { instancePath, keyword, params } = error;
  const make = (message: string, more: Partial<Finding> = {}): Finding => ({
    code: "FIELD_VALUE",
    severity: "error",
    pointer: instancePath,
    message,
    ...more,
  });
  if (error.propertyName !== undefined) return nameWords(error, error.propertyName, name);
  if (value === null) {
    return make(instancePath === "" ? "the document is empty" : `${name} has no value`, {
      code: "FIELD_TYPE",
      at: "key",
    });
  }
  const found = { found: described(value) };
  switch (keyword) {
    case "type": {
      const expected = typeNames(params["type"]);
      const kind = expected === "text" && typeof value === "number" ? "a number" : found.found;
      const fix = hintForType(expected, value);
      return make(`${name} must be ${expected}, not ${typeof value === "string" ? "the text " : ""}${kind}`, {
        code: "FIELD_TYPE",
        expected,
        found: kind,
        ...fix,
      });
    }
    case "enum": {
      const allowed = (params["allowedValues"] as unknown[]).map(String);
      const meant = typeof value === "string" ? closest(value, allowed) : undefined;
      return make(`${name} must be ${listed(allowed, "or")}`, {
        expected: listed(allowed, "or"),
        ...found,
        ...(meant !== undefined && didYouMean(meant)),
      });
    }
    case "const": {
      const expected = `\`${String(params["allowedValue"])}\``;
      return make(`${name} must be ${expected}`, { expected, ...found });
    }
    case "pattern":
      return make(`${name} does not have the right form`, {
        hint: Array.isArray(schema?.["examples"])
          ? `For example \`${String(schema["examples"][0])}\`.`
          : formOf(String(params["pattern"])),
        ...found,
      });
    case "minimum":
    case "exclusiveMinimum":
    case "maximum":
    case "exclusiveMaximum": {
      const expected = `${BOUNDS[keyword]} ${params["limit"]}`;
      return make(`${name} must be ${expected}`, { expected, ...found });
    }
    case "minLength":
    case "minItems":
    case "minProperties":
      return make(
        params["limit"] === 1
          ? `${name} is empty`
          : `${name} must have at least ${params["limit"]} ${unitOf(keyword)}`,
      );
    case "maxLength":
    case "maxItems":
    case "maxProperties":
      return make(`${name} must have at most ${params["limit"]} ${unitOf(keyword)}`);
    case "uniqueItems": {
      const twice: unknown = Array.isArray(value) ? value[Number(params["j"])] : undefined;
      return make(`${name} lists ${described(twice)} twice`, {
        pointer: `${instancePath}/${Math.max(Number(params["i"]), Number(params["j"]))}`,
        hint: "Keep one of them.",
      });
    }
    case "oneOf":
    case "anyOf":
      return alternativeWords(make, error, { schema, name, value });
    default:
      return make(`${name} breaks the schema's \`${keyword}\``, found);
  }
}

const nameWords = ({ instancePath, params }: ErrorObject, refused: string, holder: string): Finding => ({
  code: "FIELD_VALUE",
  severity: "error",
  pointer: `${instancePath}/${escapePointer(refused)}`,
  at: "key",
  message: `\`${refused}\` is not a name that ${holder} can hold`,
  hint: typeof params["pattern"] === "string" ? formOf(params["pattern"]) : "Choose another name.",
});

const BOUNDS = {
  minimum: "at least",
  exclusiveMinimum: "more than",
  maximum: "at most",
  exclusiveMaximum: "less than",
};

/** An alternative between fields is told by the fields; any other by the types of its branches. */
function alternativeWords(
  make: (message: string, more?: Partial<Finding>) => Finding,
  { keyword, params }: ErrorObject,
  { schema, name, value }: Refused,
): Finding {
  const branches = schema?.[keyword];
  const options = Array.isArray(branches) ? branches.filter(isSchema) : [];
  const fields = options.flatMap(({ required }) =>
    Array.isArray(required) && required.length === 1 ? [String(required[0])] : [],
  );
  if (fields.length === 0 || new Set(fields).size < options.length) {
    if (Array.isArray(params["passingSchemas"]))
      return make(`${name} has several of the forms it can have, not one`);
    const types = new Set(options.map((branch) => typeNames(branch["type"])));
    const expected = types.size === options.length && !types.has("") ? [...types].join(" or ") : "";
    return make(
      expected === "" ? `${name} has none of the forms it can have` : `${name} must be ${expected}`,
      {
        found: described(value),
        ...(expected !== "" && { expected }),
      },
    );
  }
  const given = fields.filter(
    (field) => typeof value === "object" && value !== null && Object.hasOwn(value, field),
  );
  return given.length === 0
    ? make(`${name} needs ${listed(fields, "or")}`, { code: "FIELD_MISSING" })
    : make(`${name} has both ${listed(given, "and")}`, { hint: "Keep one of them." });
}

function hintForType(expected: string, value: unknown): Partial<Finding> {
  const isScalar = typeof value === "number" || typeof value === "boolean";
  if (expected === "text" && isScalar) return { hint: "Put it in quotes." };
  if (expected === "a list" && (isScalar || typeof value === "string")) {
    return { hint: `Write it as a list: \`[${String(value).slice(0, 40)}]\`.` };
  }
  if (/number/.test(expected) && typeof value === "string" && /^\d+$/.test(value)) {
    return { hint: "Write it without quotes." };
  }
  return {};
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "`true` or `false`",
  array: "a list",
  object: "a group of fields",
  null: "nothing",
};

const typeNames = (types: unknown): string =>
  [types]
    .flat()
    .flatMap((type) => (typeof type === "string" ? (TYPES[type] ?? type) : []))
    .join(" or ");

/** What a value is, short enough for one line. */
function described(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return `\`${value.length > 40 ? `${value.slice(0, 40)}…` : value}\``;
    case "number":
      return String(value);
    case "boolean":
      return `\`${value}\``;
    case "object":
      return "a group of fields";
    default:
      return "nothing";
  }
}

const unitOf = (keyword: string): string =>
  keyword.endsWith("Length") ? "characters" : keyword.endsWith("Items") ? "items" : "fields";

/** `a`, `b` and `c`. */
export function listed(values: readonly string[], word: "and" | "or"): string {
  const quoted = values.map((value) => `\`${value}\``);
  return quoted.length < 2
    ? quoted.join("")
    : `${quoted.slice(0, -1).join(", ")} ${word} ${quoted.at(-1) ?? ""}`;
}

/** `/facets/main/requires/0/range` reads as `facets.main.requires[0].range`. */
export function nameOf(pointer: string, subject = "the document"): string {
  if (pointer === "") return subject;
  const path = pointer
    .split("/")
    .slice(1)
    .map((segment) => (/^\d+$/.test(segment) ? `[${segment}]` : `.${unescapePointer(segment)}`))
    .join("");
  return `\`${path.replace(/^\./, "")}\``;
}
