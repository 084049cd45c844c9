import type { Io, Outcome } from "../../src/cli/command.ts";
import { loadCommand } from "../../src/cli/registry.ts";
import type { Diagnostic } from "../../src/domain/diagnostic.ts";
import { TradsysError } from "../../src/domain/errors.ts";
import { HOST_API_VERSION } from "../../src/domain/host.ts";
/** Real commands in this process, for whom and when a test says: what they do to the disk and print is the same. */
import { nodeFiles } from "../../src/platform/files.ts";
import { nodeLook } from "../../src/platform/look.ts";

interface Surroundings {
  readonly cwd: string;
  /** Instant, ISO 8601. */
  readonly at: string;
  readonly user: string;
}

/** What a command came to: its data, or the code, the message and the hint that it was refused with. */
export interface Answer {
  readonly code: string;
  readonly told: string;
  readonly data: unknown;
}

/** Runs a command line; arguments with spaces are given apart. */
export async function command(
  { cwd, at, user }: Surroundings,
  line: string,
  ...more: string[]
): Promise<Answer> {
  const [name = "", ...args] = line.split(" ");
  const io: Io = {
    files: nodeFiles,
    look: nodeLook,
    cwd,
    env: {},
    now: () => new Date(at),
    cores: 1,
    host: {
      api: HOST_API_VERSION,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    },
    user,
    signal: new AbortController().signal,
    progress: () => undefined,
    show: undefined,
    report: () => undefined,
    print: () => undefined,
    askSecret: undefined,
    stdin: async () => Buffer.of(),
  };
  try {
    const loaded = await loadCommand(name);
    if (!loaded) throw new Error(`there is no command ${name}`);
    const outcome = await loaded.run([...args, ...more], io);
    const { data, diagnostics = [], exit = 0 } = outcome;
    const refused = exit === 0 ? undefined : diagnostics.find(({ severity }) => severity === "error");
    return refused
      ? { code: refused.code, told: textOf(diagnostics), data }
      : { code: "ok", told: linesOf(outcome), data };
  } catch (error) {
    if (!(error instanceof TradsysError)) throw error;
    return { code: error.code, told: textOf(error.diagnostics), data: null };
  }
}

const textOf = (diagnostics: readonly Diagnostic[]): string =>
  diagnostics.flatMap(({ message, hint }) => [message, ...(hint === undefined ? [] : [hint])]).join("\n");

const linesOf = ({ lines }: Outcome): string =>
  (typeof lines === "function"
    ? lines({ columns: 120, rows: Infinity, paint: (_, text) => text })
    : lines
  ).join("\n");
