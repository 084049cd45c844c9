import { closest } from "../domain/closest.ts";
import { didYouMean } from "../domain/diagnostic.ts";
import { escapePointer, unescapePointer, type Finding } from "./document.ts";
import { backtrackingPart } from "./safe-pattern.ts";
import { isSchema, type Schema } from "./schema-at.ts";

/** Bounds of a plugin's config schema: levels, schemas in it, and characters of one pattern. */
const MAX_DEPTH = 32;
const MAX_SCHEMAS = 1000;
const MAX_PATTERN = 200;

/** How the value of a keyword holds further schemas. */
type Holds = "no schema" | "a schema" | "schemas by name" | "schemas in a list";

/**
 * Keywords of JSON Schema 2020-12 that a plugin may use for its configuration. Left out is what reaches beyond the
 * schema itself, what depends on the order of evaluation, and what is not checked here, such as `format`.
 */
const KEYWORDS: ReadonlyMap<string, Holds> = new Map<string, Holds>([
  ..."$schema $ref $comment title description default examples deprecated readOnly writeOnly type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern minItems maxItems uniqueItems minContains maxContains required minProperties maxProperties dependentRequired"
    .split(" ")
    .map((name) => [name, "no schema"] as const),
  ..."items contains additionalProperties propertyNames not if then else"
    .split(" ")
    .map((name) => [name, "a schema"] as const),
  ..."properties patternProperties dependentSchemas $defs"
    .split(" ")
    .map((name) => [name, "schemas by name"] as const),
  ..."allOf anyOf oneOf prefixItems".split(" ").map((name) => [name, "schemas in a list"] as const),
]);

/** What a config schema uses that it may not; one that is too deep or too large is not read further. */
export function restrictions(root: Schema): readonly Finding[] {
  const findings: Finding[] = [];
  let count = 0;
  for (const { schema, pointer, depth } of schemasIn({ schema: root, pointer: "", depth: 0 })) {
    count += 1;
    if (depth > MAX_DEPTH) {
      return [unusable(pointer, `the config schema is nested more than ${MAX_DEPTH} levels deep`)];
    }
    if (count > MAX_SCHEMAS) {
      return [unusable("", `the config schema has more than ${MAX_SCHEMAS} parts`)];
    }
    for (const [keyword, value] of Object.entries(schema)) {
      findings.push(...keywordFindings(keyword, value, `${pointer}/${escapePointer(keyword)}`));
    }
    findings.push(...referenceFindings(schema, pointer, root), ...namePatternFindings(schema, pointer));
  }
  return findings;
}

interface Place {
  readonly schema: Schema;
  readonly pointer: string;
  readonly depth: number;
}

/** A schema and all those in it. */
function* schemasIn(place: Place): Generator<Place> {
  yield place;
  for (const [keyword, value] of Object.entries(place.schema)) {
    const holds = KEYWORDS.get(keyword);
    const pointer = `${place.pointer}/${escapePointer(keyword)}`;
    const inner: readonly (readonly [string, unknown])[] =
      holds === "a schema"
        ? [[pointer, value]]
        : (holds === "schemas by name" || holds === "schemas in a list") && isSchema(value)
          ? Object.entries(value).map(([name, schema]) => [`${pointer}/${escapePointer(name)}`, schema])
          : [];
    for (const [at, schema] of inner) {
      if (isSchema(schema)) yield* schemasIn({ schema, pointer: at, depth: place.depth + 1 });
    }
  }
}

function referenceFindings({ $ref }: Schema, pointer: string, root: Schema): readonly Finding[] {
  if (typeof $ref !== "string") return [];
  const [, name] = /^#\/\$defs\/([^/]+)$/.exec($ref) ?? [];
  const definitions = isSchema(root["$defs"]) ? Object.keys(root["$defs"]) : [];
  if (name !== undefined && definitions.includes(unescapePointer(name))) return [];
  const meant = name === undefined ? undefined : closest(name, definitions);
  return [
    {
      ...unusable(
        `${pointer}/$ref`,
        `\`${$ref}\` ${name === undefined ? "leads out of the schema" : "is not defined"}`,
      ),
      ...(meant === undefined
        ? { hint: "Refer to a name below `$defs` of the same schema, as `#/$defs/name`." }
        : didYouMean(`#/$defs/${meant}`)),
    },
  ];
}

const namePatternFindings = ({ patternProperties }: Schema, pointer: string): readonly Finding[] =>
  Object.keys(isSchema(patternProperties) ? patternProperties : {}).flatMap((pattern) =>
    patternFindings(pattern, `${pointer}/patternProperties/${escapePointer(pattern)}`).map((found) => ({
      ...found,
      at: "key" as const,
    })),
  );

function keywordFindings(keyword: string, value: unknown, pointer: string): readonly Finding[] {
  if (!KEYWORDS.has(keyword)) {
    const meant = closest(keyword, KEYWORDS.keys());
    const advice =
      keyword === "format"
        ? { hint: "Use `pattern`: formats are not checked." }
        : meant === undefined
          ? { hint: "Only plain JSON Schema 2020-12 without dynamic references is understood." }
          : didYouMean(meant);
    return [{ ...unusable(pointer, `a config schema cannot use \`${keyword}\``), at: "key", ...advice }];
  }
  if (
    keyword === "$schema" &&
    !/^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/.test(String(value))
  ) {
    return [{ ...unusable(pointer, "config schemas are JSON Schema 2020-12"), hint: "Leave `$schema` out." }];
  }
  return keyword === "pattern" && typeof value === "string" ? patternFindings(value, pointer) : [];
}

function patternFindings(pattern: string, pointer: string): readonly Finding[] {
  const told = (message: string, hint?: string): readonly Finding[] => [
    { ...unusable(pointer, message), ...(hint !== undefined && { hint }) },
  ];
  if (pattern.length > MAX_PATTERN) return told(`a pattern has at most ${MAX_PATTERN} characters`);
  try {
    void new RegExp(pattern, "u");
  } catch (error) {
    return told(
      `\`${pattern}\` is not a pattern: ${error instanceof Error ? (error.message.split(": ").at(-1) ?? "") : ""}`,
    );
  }
  const part = backtrackingPart(pattern);
  return part === undefined
    ? []
    : told(
        `\`${part}\` in this pattern can take forever on some text`,
        "Do not repeat what can match the same text in several ways, for example write `a+` for `(a+)+`.",
      );
}

/** A config schema that cannot be used, and the place in it. */
export const unusable = (pointer: string, message: string): Finding => ({
  code: "CONFIG_SCHEMA_INVALID",
  severity: "error",
  pointer,
  message,
});
