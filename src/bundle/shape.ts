/** Tells whether a value from outside has the form of a `T`. */
export type Guard<T> = (value: unknown) => value is T;
/** One guard for each member. TypeScript refuses a list that forgets one. */
type Members<T> = { readonly [Name in keyof T]-?: Guard<T[Name]> };

/** Levels of nesting: twice what the text of a manifest may have, and far from what would end a stack. */
const MAX_DEPTH = 200;

/**
 * The value that a JSON text stands for. Text that is not JSON, or nested so deep that whoever walks the value would
 * run out of stack, gives `undefined`, which no guard below accepts.
 */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isWithin(value, MAX_DEPTH) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isWithin = (value: unknown, levels: number): boolean =>
  typeof value !== "object" ||
  value === null ||
  (levels > 0 && Object.values(value).every((member) => isWithin(member, levels - 1)));

export const text: Guard<string> = (value): value is string => typeof value === "string";
export const flag: Guard<boolean> = (value): value is boolean => typeof value === "boolean";
/** A whole number from 0 up, exact as a double. */
export const count: Guard<number> = (value): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** One of these values. */
export const oneOf =
  <const T>(...values: readonly T[]): Guard<T> =>
  (value): value is T =>
    values.some((allowed) => allowed === value);

/** Text that a predicate narrows further. */
export const textThat =
  <T extends string>(holds: (value: string) => value is T): Guard<T> =>
  (value): value is T =>
    text(value) && holds(value);

export const textLike =
  (pattern: RegExp): Guard<string> =>
  (value): value is string =>
    text(value) && pattern.test(value);

/** An instant in UTC, as `Date.toISOString` writes it. */
export const instant: Guard<string> = textLike(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

export const optional =
  <T>(guard: Guard<T>): Guard<T | undefined> =>
  (value): value is T | undefined =>
    value === undefined || guard(value);

export const either =
  <A, B>(first: Guard<A>, second: Guard<B>): Guard<A | B> =>
  (value): value is A | B =>
    first(value) || second(value);

export const listOf =
  <T>(item: Guard<T>): Guard<readonly T[]> =>
  (value): value is readonly T[] =>
    Array.isArray(value) && value.every(item);

/** An object whose members are named freely, as far as `isName` allows. */
export const recordOf =
  <T>(member: Guard<T>, isName: (name: string) => boolean = () => true): Guard<Readonly<Record<string, T>>> =>
  (value): value is Readonly<Record<string, T>> =>
    isObject(value) && Object.entries(value).every(([name, each]) => isName(name) && member(each));

/** An object with these members, whatever others it has. */
export const atLeast =
  <T>(members: Members<T>): Guard<T> =>
  (value): value is T =>
    isObject(value) && fits(value, members);

/** An object with these members and no other. */
export const exactly =
  <T>(members: Members<T>): Guard<T> =>
  (value): value is T =>
    isObject(value) &&
    Object.keys(value).every((name) => Object.hasOwn(members, name)) &&
    fits(value, members);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const fits = <T>(value: Record<string, unknown>, members: Members<T>): boolean =>
  Object.entries<Guard<unknown>>(members).every(([name, guard]) =>
    guard(Object.hasOwn(value, name) ? value[name] : undefined),
  );
