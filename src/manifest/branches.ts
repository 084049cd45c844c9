import type { ErrorObject } from "ajv";

import { isSchema, schemaAt, type SchemaSource } from "./schema-at.ts";

/**
 * Leaves one cause of every failed alternative: where the value clearly is of one branch, what is wrong inside
 * that branch; else the alternative itself.
 */
export function withoutBranches(
  errors: readonly ErrorObject[],
  source: SchemaSource,
): readonly ErrorObject[] {
  const dropped = new Set<ErrorObject>();
  for (const alternative of errors.filter(isAlternative)) {
    const branches = branchErrors(alternative, errors, source);
    const fitting = branches.filter((branch) => isOf(alternative, branch));
    const [meant, another] =
      fitting.length > 1
        ? fitting.filter((branch) => !branch.some(({ keyword }) => keyword === "const"))
        : fitting;
    const isClear = meant !== undefined && another === undefined;
    if (isClear) dropped.add(alternative);
    for (const branch of branches) {
      if (!isClear || branch !== meant) for (const error of branch) dropped.add(error);
    }
  }
  return errors.filter((error) => !dropped.has(error));
}

export const isAlternative = ({ keyword }: ErrorObject): boolean =>
  keyword === "oneOf" || keyword === "anyOf";

/** What tells branches apart; a value that passes these is of that branch, whatever else is wrong with it. */
const DISCRIMINATORS = new Set(["type", "required", "const", "enum"]);

const isOf = ({ instancePath }: ErrorObject, branch: readonly ErrorObject[]): boolean =>
  branch.length > 0 &&
  !branch.some((error) => error.instancePath === instancePath && DISCRIMINATORS.has(error.keyword));

/** The errors of each branch; a branch that refers to a shared schema has its errors under that schema's path. */
function branchErrors(
  alternative: ErrorObject,
  errors: readonly ErrorObject[],
  source: SchemaSource,
): readonly (readonly ErrorObject[])[] {
  const { instancePath, schemaPath, keyword } = alternative;
  const branches = schemaAt(source, instancePath)?.[keyword];
  const inside = errors.filter(
    (error) => error.instancePath === instancePath || error.instancePath.startsWith(`${instancePath}/`),
  );
  const references = Array.isArray(branches)
    ? branches.map((branch: unknown) => (isSchema(branch) ? branch["$ref"] : undefined))
    : [];
  const count = Math.max(
    references.length,
    ...inside.map((error) => indexBelow(error.schemaPath, schemaPath) + 1),
    0,
  );
  return Array.from({ length: count }, (_, index) =>
    inside.filter(
      (error) =>
        error !== alternative &&
        (indexBelow(error.schemaPath, schemaPath) === index ||
          (typeof references[index] === "string" && error.schemaPath.startsWith(`${references[index]}/`))),
    ),
  );
}

/** `#/oneOf/2/type` is in branch 2 of `#/oneOf`; -1 for a path that is in none. */
function indexBelow(path: string, alternative: string): number {
  if (!path.startsWith(`${alternative}/`)) return -1;
  return Number(path.slice(alternative.length + 1).split("/")[0]);
}
