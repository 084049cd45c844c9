import { byText } from "./by-text.ts";

/** A value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Canonical JSON: equal values give equal bytes.
 *
 * @throws {TypeError} for what I-JSON cannot carry: NaN, infinities, lone surrogates, functions, symbols.
 *   Object members that are `undefined` are left out, as JSON does.
 * @see RFC 8785. ECMAScript's own number and string forms are the ones it prescribes; keys are sorted by UTF-16 units.
 */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no canonical form`);
      return JSON.stringify(value);
    case "string":
      if (!value.isWellFormed()) throw new TypeError("a lone surrogate has no canonical form");
      return JSON.stringify(value);
    case "object": {
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
      const members = Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .toSorted(([a], [b]) => byText(a, b))
        .map(([key, member]) => `${canonical(key)}:${canonical(member)}`);
      return `{${members.join(",")}}`;
    }
    default:
      throw new TypeError(`a ${typeof value} has no canonical form`);
  }
}

/** True where two values have the same canonical form, found without making it: most of what is compared is equal. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((each, i) => isSameJson(each, b[i]))
    );
  }
  const [ours, theirs] = [membersOf(a), membersOf(b)];
  return (
    ours.size === theirs.size &&
    ours.entries().every(([key, each]) => theirs.has(key) && isSameJson(each, theirs.get(key)))
  );
}

/** A member that is `undefined` is none. */
const membersOf = (value: object): ReadonlyMap<string, unknown> =>
  new Map(Object.entries(value).filter(([, member]) => member !== undefined));
