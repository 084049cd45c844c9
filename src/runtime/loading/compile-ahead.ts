import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cachedDataVersionTag } from "node:v8";

import type { VerifiedPlugin } from "../../store/verified-plugin.ts";

/** Milliseconds that a plugin may take to load and activate. The largest connector takes a tenth of a second. */
const LIMIT_MS = 10_000;
/** Bytes of compiled code of one plugin. A megabyte of source makes about two. */
const MAX_COMPILED_BYTES = 64 * 1024 * 1024;
/** Size of what the child sends first: its compiler's tag, and the length of what follows. */
export const ANSWER_HEAD = 8;

/**
 * Compiles a plugin in a process of its own, as far as its own start makes V8 compile it. That process may read no
 * file but its program, write none, start nothing and has an empty environment, and no other plugin is in it: what
 * it answers is code that runs later, and a plugin may answer for nothing but itself.
 *
 * @param signal Ends the process at once.
 * @returns `undefined` if nothing usable came out of it: it took too long, it ended early, or its V8 is not ours.
 */
export async function compileAhead(plugin: VerifiedPlugin, signal: AbortSignal): Promise<Buffer | undefined> {
  const code = plugin.code();
  const [{ spawn }, { constants, setPriority }] = await Promise.all([
    import("node:child_process"),
    import("node:os"),
  ]);
  const { program, readable } = programOf(import.meta.url);
  const child = spawn(
    process.execPath,
    ["--permission", ...readable.map((path) => `--allow-fs-read=${path}`), program],
    {
      stdio: ["pipe", "ignore", "ignore", "pipe"],
      env: {},
      cwd: "/",
      signal,
      killSignal: "SIGKILL",
      timeout: LIMIT_MS,
    },
  );
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const pieces: Buffer[] = [];
  let size = 0;
  const [, , , answer] = child.stdio;
  answer?.on("data", (piece: Buffer) => {
    pieces.push(piece);
    size += piece.length;
    if (size > MAX_COMPILED_BYTES) child.kill("SIGKILL");
  });
  child.on("error", () => resolve(undefined));
  child.on("close", () => resolve(usable(Buffer.concat(pieces))));
  // One that has ended takes nothing.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(requestFor(plugin, code));
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  return promise;
}

/** What the child reads: the length of a JSON text, the text, and the code. */
function requestFor({ name, version, config, bundle: { manifest } }: VerifiedPlugin, code: Buffer): Buffer {
  const text = Buffer.from(JSON.stringify({ name, version, config, manifest }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, code]);
}

/** Half an answer is none: V8 believes what it is given. */
function usable(answer: Buffer): Buffer | undefined {
  if (answer.length < ANSWER_HEAD || answer.readUInt32LE(0) !== cachedDataVersionTag()) return undefined;
  const compiled = answer.subarray(ANSWER_HEAD);
  return compiled.length === answer.readUInt32LE(4) ? compiled : undefined;
}

/** The child's program: beside this file in the sources, at a fixed place in the package. */
function programOf(url: string): { readonly program: string; readonly readable: readonly string[] } {
  const manifest = createRequire(url).resolve("tradsys/package.json");
  const folder = dirname(manifest);
  const isSource = url.endsWith(".ts");
  return {
    program: isSource
      ? join(dirname(fileURLToPath(url)), "compile-child.ts")
      : join(folder, "dist/runtime/compile-child.js"),
    readable: [join(folder, isSource ? "src" : "dist", "*"), manifest],
  };
}
