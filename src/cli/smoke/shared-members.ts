/** The members of all that every plugin of a process shares, by path: `Array.prototype.map`, `JSON.parse`. */
export type SharedMembers = ReadonlyMap<string, unknown>;

/** What shares its members without being a function. */
const NAMESPACES: ReadonlySet<unknown> = new Set([JSON, Math, Reflect, Atomics, Intl]);

export function sharedMembers(): SharedMembers {
  const shared = Object.getOwnPropertyNames(globalThis).flatMap((name): [string, object][] => {
    const value = Object.getOwnPropertyDescriptor(globalThis, name)?.value as unknown;
    if (typeof value === "function") {
      const prototype = value.prototype as object | undefined;
      return prototype
        ? [
            [name, value],
            [`${name}.prototype`, prototype],
          ]
        : [[name, value]];
    }
    return NAMESPACES.has(value) ? [[name, value as object]] : [];
  });
  const members = shared.flatMap(([name, owner]) =>
    Reflect.ownKeys(owner).map((key): [string, unknown] => {
      const found: Readonly<Record<string, unknown>> = { ...Object.getOwnPropertyDescriptor(owner, key) };
      return [`${name}.${String(key)}`, found["value"] ?? found["get"]];
    }),
  );
  return new Map([...shared, ...members]);
}

/** Members that were replaced, added or removed. New globals are a plugin's own affair: packages meet there by name. */
export function changesBetween(before: SharedMembers, after: SharedMembers): string[] {
  const isNew = (path: string): boolean =>
    !before.has(path) && before.has(path.slice(0, path.lastIndexOf(".")));
  return [
    ...[...after.keys()].filter(
      (path) => isNew(path) || (before.has(path) && !Object.is(before.get(path), after.get(path))),
    ),
    ...[...before.keys()].filter((path) => !after.has(path)),
  ].toSorted();
}
