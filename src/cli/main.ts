import { readFileSync } from "node:fs";
import { availableParallelism, userInfo } from "node:os";
import { resolve } from "node:path";
import { inspect, styleText } from "node:util";

import { CODES } from "../domain/codes.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { didYouMean } from "../domain/diagnostic.ts";
import { hasErrno, TradsysError } from "../domain/errors.ts";
import { HOST_API_VERSION } from "../domain/host.ts";
import { nodeFiles } from "../platform/files.ts";
import { nodeLook } from "../platform/look.ts";
import type { Io, Outcome, Screen } from "./command.ts";
import { jsonOf } from "./formats/json.ts";
import { renderDiagnostic } from "./formats/pretty.ts";
import { commandHelp, productHelp } from "./help.ts";
import { standingLines } from "./live/standing.ts";
import { closestCommand, loadCommand } from "./registry.ts";
import { inert, jsonLine, printable } from "./render.ts";
import { askSecret, readStandardInput } from "./standard-input.ts";
import { version } from "./version.ts";

/** Switches that every command understands. */
interface Switches {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

/** Runs one command line and returns its exit status. Everything a user sees is printed from here. */
export async function main(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", ignoreClosedPipe);
  process.stderr.on("error", ignoreClosedPipe);
  const { rest, asked, switches } = takeSwitches(argv);
  const [name, ...args] = rest;
  if (asked.version) return say(version);
  try {
    if (name === undefined || name === "help") {
      const topic = args[0];
      return say(topic === undefined ? productHelp() : commandHelp(topic, await found(topic)));
    }
    const command = await found(name);
    if (asked.help) return say(commandHelp(name, command));
    return print(await runCommand(command, args, switches), switches);
  } catch (error) {
    return print(failure(error, switches), switches);
  }
}

/** A reader that has seen enough, as `head` does, ends nothing: least of all a trading process. */
function ignoreClosedPipe(error: Error): void {
  if (!hasErrno(error, "EPIPE")) throw error;
}

async function found(name: string) {
  const command = await loadCommand(name);
  if (command) return command;
  const meant = closestCommand(name);
  const what = name.startsWith("-") ? "option" : "command";
  throw new TradsysError(
    "USAGE",
    `there is no ${what} \`${name}\``,
    meant === undefined ? { hint: "`tradsys --help` lists them." } : didYouMean(meant),
  );
}

async function runCommand(
  command: NonNullable<Awaited<ReturnType<typeof loadCommand>>>,
  args: readonly string[],
  switches: Switches,
): Promise<Outcome> {
  const progress = progressLine(switches);
  const { json, quiet, color } = switches;
  const isWatched = process.stdout.isTTY && !json && !quiet && process.env["TERM"] !== "dumb";
  const standing = isWatched ? standingLines(process.stdout) : undefined;
  // However the process ends, what was told before is seen.
  const settle = (): void => standing?.clear();
  process.once("exit", settle);
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const io: Io = {
    files: nodeFiles,
    look: nodeLook,
    cwd: process.cwd(),
    env: process.env,
    now: () => new Date(),
    cores: availableParallelism(),
    host: {
      api: HOST_API_VERSION,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    },
    user: userName(),
    signal: interrupt.signal,
    progress: progress.say,
    show: standing && ((draw) => standing.show(draw(screen(color)))),
    report(line, data) {
      progress.clear();
      if (json) say(jsonLine(data));
      else if (standing) standing.above(`${harmless(line)}\n`);
      else if (!quiet) say(harmless(line));
    },
    print(outcome) {
      progress.clear();
      standing?.clear();
      print(outcome, switches);
    },
    askSecret: process.stdin.isTTY && process.stderr.isTTY ? askSecret : undefined,
    stdin: readStandardInput,
  };
  try {
    return await command.run(args, io);
  } finally {
    progress.clear();
    settle();
    process.off("exit", settle);
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

function print(outcome: Outcome, { json, quiet, color }: Switches): number {
  const { lines, diagnostics = [], exit = 0 } = outcome;
  const document = json ? jsonOf(outcome) : outcome.document;
  if (document !== undefined) {
    process.stdout.write(document);
    return exit;
  }
  const style = { color, cwd: process.cwd(), sourceOf };
  for (const diagnostic of diagnostics) {
    process.stderr.write(`${inert(renderDiagnostic(diagnostic, style).join("\n"))}\n`);
  }
  if (quiet) return exit;
  const drawn = typeof lines === "function" ? lines(screen(color)) : lines.map(harmless);
  for (const line of drawn) say(line);
  return exit;
}

const harmless = (text: string): string => inert(printable(text));

const screen = (color: boolean): Screen => ({
  columns: process.stdout.columns || 80,
  rows: process.stdout.isTTY ? process.stdout.rows || 24 : Infinity,
  paint: (format, text) =>
    color && format ? styleText(format, harmless(text), { validateStream: false }) : harmless(text),
});

/** What a person is told of an exception: a message if it was meant for one, else that it is a bug. */
function failure(error: unknown, { verbose }: Switches): Outcome {
  if (error instanceof TradsysError) {
    if (verbose && error.cause !== undefined) process.stderr.write(`${causes(error.cause)}\n`);
    // What a person reads first decides: a start that failed for want of a secret is a matter of configuration.
    const shown = error.diagnostics.find(({ severity }) => severity === "error")?.code ?? error.code;
    return { data: null, lines: [], diagnostics: error.diagnostics, exit: CODES[shown] };
  }
  if (verbose) process.stderr.write(`${causes(error)}\n`);
  const bug: Diagnostic = {
    code: "BUG",
    severity: "error",
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    hint: "This is a bug in tradsys. Please report it with what --verbose prints.",
  };
  return { data: null, lines: [], diagnostics: [bug], exit: CODES.BUG };
}

const causes = (error: unknown): string => printable(inspect(error, { depth: 4 }));

/** A container may run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}

/** Diagnostics are few and their files small; reading here keeps every command free of it. */
function sourceOf(file: string): string | undefined {
  try {
    return readFileSync(resolve(file), "utf8");
  } catch {
    return undefined;
  }
}

function say(line: string): number {
  process.stdout.write(`${line}\n`);
  return 0;
}

/** Switches may stand anywhere on the line, before or after the command, up to `--`. */
function takeSwitches(argv: readonly string[]): {
  readonly rest: readonly string[];
  readonly asked: { readonly help: boolean; readonly version: boolean };
  readonly switches: Switches;
} {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  const seen = new Set<string>();
  const rest = argv.filter((arg, i) => {
    const isSwitch = i < end && SWITCHES.has(arg);
    if (isSwitch) seen.add(arg);
    return !isSwitch;
  });
  const color =
    process.stdout.isTTY && process.stderr.isTTY && !process.env["NO_COLOR"] && !seen.has("--no-color");
  return {
    rest,
    asked: { help: seen.has("--help") || seen.has("-h"), version: seen.has("--version") },
    switches: { json: seen.has("--json"), quiet: seen.has("--quiet"), verbose: seen.has("--verbose"), color },
  };
}

const SWITCHES = new Set(["--help", "-h", "--json", "--quiet", "--verbose", "--no-color", "--version"]);

/** Milliseconds of silence after which a person wants to know that something happens. */
const PATIENCE_MS = 500;

/** Lines on a terminal's stderr that are replaced as work goes on, and gone when it ends. */
function progressLine({ json, quiet }: Switches): { say: (text: string) => void; clear: () => void } {
  const shown = process.stderr.isTTY && !json && !quiet;
  const began = performance.now();
  const standing = standingLines(process.stderr);
  return {
    say(text) {
      if (!shown || performance.now() - began < PATIENCE_MS) return;
      const { columns, rows } = process.stderr;
      // Some terminals do not tell their size.
      const lines = text.split("\n").slice(0, (rows || 24) - 1);
      standing.show(lines.map((line) => printable(line).slice(0, (columns || 80) - 1)));
    },
    clear: () => standing.clear(),
  };
}
