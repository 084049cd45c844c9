import type { Files } from "../../src/platform/files.ts";

/** The end of a process: its operation number `at`, counted from 0, is not begun any more, or is its last. */
export interface Death {
  readonly at: number;
  readonly when: "before" | "after";
}

/** Files for a process that ends at this moment; `die` is called then and, if it lives on, at all that it tries later. */
export function mortal(files: Files, { at, when }: Death, die: () => never): Files {
  let count = 0;
  const step = async <T>(operation: () => Promise<T>): Promise<T> => {
    const index = count++;
    if (index > at || (index === at && when === "before")) die();
    const result = await operation();
    if (index === at) die();
    return result;
  };
  return {
    read: (path, maxBytes) => step(() => files.read(path, maxBytes)),
    list: (path) => step(() => files.list(path)),
    kind: (path) => step(() => files.kind(path)),
    write: (path, bytes, mode) => step(() => files.write(path, bytes, mode)),
    create: (path, bytes, mode) => step(() => files.create(path, bytes, mode)),
    append: (path, text) => step(() => files.append(path, text)),
    readLink: (path) => step(() => files.readLink(path)),
    switchLink: (path, target) => step(() => files.switchLink(path, target)),
    remove: (path) => step(() => files.remove(path)),
    isPrivate: (path, kind) => step(() => files.isPrivate(path, kind)),
    makePrivate: (path) => step(() => files.makePrivate(path)),
    openNotes: (path) => files.openNotes(path),
    // Whatever happens after it was taken, the kernel gives a dead process's lock back.
    async lock(path) {
      const held = await files.lock(path);
      try {
        return await step(async () => held);
      } catch (error) {
        await held[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}
