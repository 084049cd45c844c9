import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { CODE_FILE } from "../domain/bundle.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { Locate } from "./locate.ts";

/** What the loaded bundle did. */
export interface SmokeReport {
  readonly threw?: { readonly message: string; readonly stack?: string };
  /** What it tried to open towards the network. */
  readonly connects: readonly string[];
  /** Members of shared objects that it replaced, added or removed. */
  readonly patches: readonly string[];
}

/** Milliseconds that a bundle may take to load. The largest connector needs a tenth of a second. */
const LOAD_LIMIT_MS = 10_000;

/** A process that waits for a bundle to load. */
export interface Smoke extends Disposable {
  /**
   * Gives it a packed bundle, once.
   *
   * @returns What is wrong with loading it: `LOAD_FAILED`, `IMPORT_TIMEOUT`, `IMPORT_EXITED`, `IMPORT_CONNECTS` or
   *   `IMPORT_PATCHES`; nothing where it loads as it should.
   */
  load(bundle: SmokedBundle): Promise<readonly Diagnostic[]>;
}

interface SmokedBundle {
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  /** Absolute path of the plugin's folder. */
  readonly folder: string;
  /** Asked only where something is found. */
  readonly locator: () => Promise<Locate>;
}

/**
 * Starts a process that can load one bundle and do nothing else: it may read no file but its own program, write
 * none, start no process and no thread, and has an empty environment. It is started before there is a bundle, since
 * Node.js takes longer to start than most plugins to compile.
 */
export async function startSmoke(limitMs = LOAD_LIMIT_MS): Promise<Smoke> {
  const { execa } = await import("execa");
  const dist = dirname(dirname(createRequire(import.meta.url).resolve("tradsys/plugin")));
  const readable = [join(dist, "*"), join(dirname(dist), "package.json")];
  const child = execa(
    process.execPath,
    ["--permission", ...readable.map((path) => `--allow-fs-read=${path}`), join(dist, "cli/smoke.js")],
    {
      stdio: ["pipe", "ignore", "pipe", "pipe"],
      env: {},
      extendEnv: false,
      reject: false,
      maxBuffer: 1024 * 1024,
    },
  );
  return {
    async load({ bytes, manifest, folder, locator }) {
      const late = setTimeout(() => child.kill("SIGKILL"), limitMs);
      // One that is gone already takes nothing.
      child.stdin.on("error", () => undefined).end(bytes);
      const { exitCode, signal, stdio } = await child;
      clearTimeout(late);
      const file = join(folder, manifest.entry);
      const [, , errors, answer] = stdio;
      if (typeof answer !== "string" || answer === "") {
        return [signal === "SIGKILL" ? tooLate(limitMs, file) : exited({ exitCode, signal, errors }, file)];
      }
      const report = JSON.parse(answer) as SmokeReport;
      const code = `${manifest.name}@${manifest.version}/${CODE_FILE}`;
      return [
        ...report.connects.slice(0, 1).map((what) => connects(what, file)),
        ...(report.threw ? [await threw(report.threw, { file, code, locator })] : []),
        ...(report.patches.length > 0 ? [patches(report.patches, file)] : []),
      ];
    },
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

const tooLate = (limitMs: number, file: string): Diagnostic => ({
  code: "IMPORT_TIMEOUT",
  severity: "error",
  message: `the bundle is not loaded after ${limitMs / 1000} s`,
  location: { file },
  hint: "Look for a loop that does not end; long work belongs into `activate` or a facet's `start`.",
});

const exited = (
  {
    exitCode,
    signal,
    errors,
  }: {
    readonly exitCode: number | undefined;
    readonly signal: string | undefined;
    readonly errors: string;
  },
  file: string,
): Diagnostic => ({
  code: "IMPORT_EXITED",
  severity: "error",
  message: `loading the bundle ends the process with ${signal ?? `status ${exitCode}`}${lastLine(errors)}`,
  location: { file },
  hint: "A plugin must not end the process of its host: throw an error instead.",
});

const lastLine = (errors: string): string => {
  const line = /^(?:FATAL ERROR|\w*Error).*$/m.exec(errors)?.[0];
  return line === undefined ? "" : `: ${line}`;
};

const connects = (what: string, file: string): Diagnostic => ({
  code: "IMPORT_CONNECTS",
  severity: "error",
  message: `loading the bundle opens a ${what}`,
  location: { file },
  hint: "Connect in a facet's `start`: a plugin is loaded before it is known whether it will run.",
});

const patches = (paths: readonly string[], file: string): Diagnostic => ({
  code: "IMPORT_PATCHES",
  severity: "error",
  message: `loading the bundle changes what all plugins share: ${paths.slice(0, 5).join(", ")}${paths.length > 5 ? ` and ${paths.length - 5} more` : ""}`,
  location: { file },
  hint: "Use a function of your own instead of changing a built-in object.",
});

/** Points at the source line where the error was made, as far as it was made in the bundle. */
async function threw(
  { message, stack = "" }: NonNullable<SmokeReport["threw"]>,
  {
    file,
    code,
    locator,
  }: { readonly file: string; readonly code: string; readonly locator: () => Promise<Locate> },
): Promise<Diagnostic> {
  const at = stack.indexOf(`${code}:`);
  const [, line, column] = at === -1 ? [] : (/^:(\d+):(\d+)/.exec(stack.slice(at + code.length)) ?? []);
  const location =
    line === undefined ? undefined : (await locator())({ line: Number(line), column: Number(column) });
  return {
    code: "LOAD_FAILED",
    severity: "error",
    message: `the bundle fails while it is loaded: ${message}`,
    location: location ?? { file },
  };
}
