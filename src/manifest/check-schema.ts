import type { ErrorObject } from "ajv";

import { closest } from "../domain/closest.ts";
import { didYouMean } from "../domain/diagnostic.ts";
import { isAlternative, withoutBranches } from "./branches.ts";
import { escapePointer, valueAt, type Finding } from "./document.ts";
import { membersOf, schemaAt, type SchemaSource } from "./schema-at.ts";
import { listed, nameOf, wordsFor } from "./schema-words.ts";

/** A value and the schema that it was checked against. */
interface Checked {
  readonly source: SchemaSource;
  readonly value: unknown;
}

/** More would not be read; nor are more errors weighed, since each is compared with the others. */
const MAX_FINDINGS = 50;
const MAX_ERRORS = 1000;
/** A longer list of fields is for the documentation. */
const MAX_LISTED = 12;

/**
 * Says in plain words what a schema validator found. One cause gives one finding: what follows from a wrong
 * `apiVersion`, the branches of an alternative that was not meant, and the absence of a field that is there
 * misspelt, are left out.
 */
export function schemaFindings(errors: readonly ErrorObject[], checked: Checked): readonly Finding[] {
  const { source } = checked;
  // A plugin's own configuration may have a field of that name.
  if (source.subject === undefined && errors.some(isAboutFormat)) return [formatFinding(errors, checked)];
  const causes = withoutBranches(errors.slice(0, MAX_ERRORS), source)
    // It only repeats that a name was refused.
    .filter(({ keyword }) => keyword !== "propertyNames")
    .slice(0, MAX_FINDINGS);
  const byPlace = Map.groupBy(causes, ({ instancePath }) => instancePath);
  return [...byPlace].flatMap(([pointer, found]) => findingsAt(pointer, found, checked));
}

function findingsAt(pointer: string, errors: readonly ErrorObject[], checked: Checked): Finding[] {
  const { source } = checked;
  const value = valueAt(checked.value, pointer);
  const schema = schemaAt(source, pointer);
  const name = nameOf(pointer, source.subject);

  const missing = errors.flatMap((error) => missingName(error) ?? []);
  const alternative = errors.find(isAlternative);
  const alternatives = alternative ? requiredNames(schema, alternative.keyword) : [];
  const known = Object.keys(membersOf(schema));

  // What is missing is the likeliest meaning of what is unknown.
  const unknown = errors.flatMap((error) => unknownName(error) ?? []);
  const misspelt = unknown.map((field) => ({
    field,
    meant: closest(field, [...missing, ...alternatives]) ?? closest(field, known),
  }));
  const given = new Set(misspelt.map(({ meant }) => meant));
  const absent = missing.filter((field) => !given.has(field));

  const refused = errors.filter(
    (error) =>
      missingName(error) === undefined &&
      unknownName(error) === undefined &&
      !(isAlternative(error) && alternatives.some((field) => given.has(field))),
  );
  // Several keywords may refuse one value, or one name; the first one says enough.
  const first = [...Map.groupBy(refused, ({ propertyName }) => propertyName).values()].flatMap(
    ([one]) => one ?? [],
  );
  return [
    ...misspelt.map(({ field, meant }): Finding => ({
      code: "FIELD_UNKNOWN",
      severity: "error",
      pointer: `${pointer}/${escapePointer(field)}`,
      at: "key",
      message: `${name} has no field \`${field}\``,
      ...hintFor(field, meant, { source, pointer, known }),
    })),
    ...(absent.length === 0
      ? []
      : [
          {
            code: "FIELD_MISSING",
            severity: "error",
            pointer,
            at: "key",
            message: `${name} needs ${listed(absent, "and")}`,
          } as const,
        ]),
    ...first.map((error) => wordsFor(error, { schema, name, value })),
  ];
}

/** Where a field is not known: the field that was meant, where it belongs, or what there is. */
function hintFor(
  field: string,
  meant: string | undefined,
  { source, pointer, known }: Fields,
): Partial<Finding> {
  const [, before, after] = /^(\w+):(.+)$/.exec(field) ?? [];
  if (before !== undefined) return { hint: `Write a space after the colon: \`${before}: ${after}\`.` };
  if (meant !== undefined) return didYouMean(meant);
  const owner = known.find((name) =>
    Object.hasOwn(membersOf(schemaAt(source, `${pointer}/${escapePointer(name)}`)), field),
  );
  if (owner !== undefined) return { hint: `\`${field}\` belongs below \`${owner}\`.` };
  return known.length > 0 && known.length <= MAX_LISTED
    ? { hint: `Fields are ${listed(known, "and")}.` }
    : {};
}

/** The fields that an object can have. */
interface Fields {
  readonly source: SchemaSource;
  readonly pointer: string;
  readonly known: readonly string[];
}

const missingName = ({ keyword, params }: ErrorObject): string | undefined =>
  keyword === "required" ? String(params["missingProperty"]) : undefined;

const unknownName = ({ keyword, params }: ErrorObject): string | undefined =>
  keyword === "additionalProperties" || keyword === "unevaluatedProperties"
    ? String(params["additionalProperty"] ?? params["unevaluatedProperty"])
    : undefined;

/** The fields that the branches of an alternative ask for. */
function requiredNames(schema: ReturnType<typeof schemaAt>, keyword: string): readonly string[] {
  const branches = schema?.[keyword];
  if (!Array.isArray(branches)) return [];
  return branches.flatMap((branch: { readonly required?: readonly string[] }) => branch.required ?? []);
}

const isAboutFormat = (error: ErrorObject): boolean =>
  error.instancePath === "/apiVersion" || (error.instancePath === "" && missingName(error) === "apiVersion");

function formatFinding(errors: readonly ErrorObject[], { source }: Checked): Finding {
  const { const: expected } = schemaAt(source, "/apiVersion") ?? {};
  const unknown = errors.flatMap((error) => (error.instancePath === "" ? (unknownName(error) ?? []) : []));
  return (
    misspeltApiVersion(unknown) ?? {
      code: "API_VERSION_UNKNOWN",
      severity: "error",
      pointer: "/apiVersion",
      message: `this must be \`apiVersion: ${String(expected)}\``,
      hint: `Write \`apiVersion: ${String(expected)}\`, or use the version of tradsys that the file was written for.`,
    }
  );
}

/** The field of a document that was meant to tell its format, if one looks like it. */
export function misspeltApiVersion(fields: readonly string[]): Finding | undefined {
  const misspelt = closest("apiVersion", fields);
  if (misspelt === undefined) return undefined;
  return {
    code: "FIELD_UNKNOWN",
    severity: "error",
    pointer: `/${escapePointer(misspelt)}`,
    at: "key",
    message: `the document has no field \`${misspelt}\``,
    ...didYouMean("apiVersion"),
  };
}
