import { fileURLToPath } from "node:url";

import type { Channel } from "./wire.ts";

/** A thread or process that runs one plugin, seen from the host. */
export interface Isolate {
  readonly channel: Channel;
  /** Resolves once it has ended in whatever way, with the reason as far as it is known from outside. */
  readonly ended: Promise<string>;
  /** Bytes in use, read from outside: a plugin that answers nothing is measured all the same. */
  memoryBytes(): Promise<number | undefined>;
  /** Ends it at once, whatever it does. Safe to repeat. */
  kill(): void;
}

/** What an isolate is started with; the plugin itself comes later, as a message. */
export interface IsolateOptions {
  /** Most bytes that it may use beyond what an empty one does. */
  readonly memoryBytes: number;
  /** Files and folders that it may read and write. */
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The module that runs in an isolate. Beside this one as source; in the package, below `dist` as this one is. */
export const CHILD = new URL(
  import.meta.url.endsWith(".ts") ? "./child.ts" : "../runtime/isolated-plugin.mjs",
  import.meta.url,
);

/** The product's own code, which is all that an isolate can read without a grant. */
const CODE = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../.." : "..", import.meta.url));

/**
 * Node's permission model: no file but these, no process, no thread, no native code, no inspector. The model holds
 * for one thread, so whoever may start a thread may leave it: nobody may.
 */
export const permissionFlags = (files: readonly string[]): string[] => [
  "--permission",
  `--allow-fs-read=${CODE}`,
  ...files.flatMap((path) => [`--allow-fs-read=${path}`, `--allow-fs-write=${path}`]),
];
