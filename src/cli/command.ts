import { parseArgs, type ParseArgsOptionDescriptor, type styleText } from "node:util";

import { closest } from "../domain/closest.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { didYouMean } from "../domain/diagnostic.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Host } from "../domain/host.ts";
import type { Files } from "../platform/files.ts";
import type { Look } from "../platform/look.ts";

/** What a command may do to the world. */
export interface Io {
  readonly files: Files;
  readonly look: Look;
  /** Absolute path that relative paths start from. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** How many things this machine does at once. */
  readonly cores: number;
  /** What plugins are resolved for. */
  readonly host: Host;
  /** Who runs the command, for the journal. */
  readonly user: string;
  /** Prints at once; for what a long-running command reports on its way. `data` is what `--json` prints. */
  readonly report: (line: string, data: unknown) => void;
  /** Prints an outcome that is not the last one, for a command that comes to several. */
  readonly print: (outcome: Outcome) => void;
  /** Asks on the terminal for what must not be shown; `undefined` where nobody can be asked. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  /** All of standard input. @throws {TradsysError} `FILE_TOO_LARGE` */
  readonly stdin: (maxBytes: number) => Promise<Buffer>;
  /** Says what is being done, on a terminal and when it takes long. */
  readonly progress: (text: string) => void;
  /**
   * Draws the last lines of a terminal anew, below all that is reported; gone when the command ends. `undefined`
   * where nobody watches.
   */
  readonly show: ((draw: (screen: Screen) => readonly string[]) => void) | undefined;
  /** Aborted when the user or the system asks the command to end. */
  readonly signal: AbortSignal;
}

/** Where a person reads: how wide it is, and how text is coloured there. */
export interface Screen {
  /** Columns; 80 where there is no terminal. */
  readonly columns: number;
  /** Rows, without end where there is no terminal. */
  readonly rows: number;
  /** Colours a text, where colours are wanted; makes it safe to print in any case. */
  readonly paint: (format: Parameters<typeof styleText>[0] | undefined, text: string) => string;
}

/** How a command ended. Whoever prints it chooses the form. */
export interface Outcome {
  /** What `--json` prints. */
  readonly data: unknown;
  /** What a person reads; drawn where the screen is known, if it matters. */
  readonly lines: readonly string[] | ((screen: Screen) => readonly string[]);
  readonly diagnostics?: readonly Diagnostic[];
  /** A document for another tool: printed as it is, instead of lines and diagnostics. */
  readonly document?: string;
  /** Defaults to 0. */
  readonly exit?: number;
}

type OptionSpec = ParseArgsOptionDescriptor & {
  readonly description: string;
  /** Name of the value in the help text. */
  readonly value?: string;
  /** Every value that it takes, where these can be listed. */
  readonly choices?: readonly string[];
};
type OptionSpecs = Readonly<Record<string, OptionSpec>>;
type Parsed<O extends OptionSpecs> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true }>
>["values"];

interface CommandSpec<O extends OptionSpecs> {
  /** What follows the command's name, for example `<plugin folder>...`; one line for each way to call it. */
  readonly usage: string;
  /** A command line as one would type it. */
  readonly example: string;
  readonly options: O;
  /** Fewest and most positional arguments. */
  readonly positionals: readonly [number, number];
  /** Every value that the first argument takes, where these can be listed. */
  readonly choices?: readonly string[];
  run(call: { readonly flags: Parsed<O>; readonly args: readonly string[] }, io: Io): Promise<Outcome>;
}

export interface Command {
  readonly usage: string;
  readonly example: string;
  readonly options: OptionSpecs;
  readonly choices: readonly string[];
  run(argv: readonly string[], io: Io): Promise<Outcome>;
}

/** A command by what it does, before it is loaded. */
export interface Registered {
  readonly summary: string;
  /** Loaded only when used: a command that needs no bundler does not wait for one. */
  readonly load: () => Promise<Command>;
}

/** Types a command's flags from their declaration, and turns what `parseArgs` refuses into `USAGE`. */
export function defineCommand<const O extends OptionSpecs>(spec: CommandSpec<O>): Command {
  return {
    usage: spec.usage,
    example: spec.example,
    options: spec.options,
    choices: spec.choices ?? [],
    async run(argv, io) {
      const { values, positionals } = parse(argv, spec);
      const [fewest, most] = spec.positionals;
      if (positionals.length < fewest || positionals.length > most) {
        const problem = positionals.length < fewest ? "missing argument" : "too many arguments";
        throw new TradsysError(
          "USAGE",
          `${problem}: expected ${spec.usage.replaceAll("\n", " | ") || "none"}`,
          {
            hint: `For example: \`${spec.example}\``,
          },
        );
      }
      return spec.run({ flags: values, args: positionals }, io);
    },
  };
}

function parse<O extends OptionSpecs>(argv: readonly string[], { options, example }: CommandSpec<O>) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (cause) {
    // Node's first sentence names the problem; the rest is about Node.
    const [message = ""] = cause instanceof Error ? cause.message.split(/\.\s/) : [String(cause)];
    const [, unknown] = /^Unknown option '--([^']+)'/.exec(message) ?? [];
    const meant = unknown === undefined ? undefined : closest(unknown, Object.keys(options));
    throw new TradsysError("USAGE", message.charAt(0).toLowerCase() + message.slice(1), {
      cause,
      ...(meant === undefined ? { hint: `For example: \`${example}\`` } : didYouMean(`--${meant}`)),
    });
  }
}

/** One of the values that are known. @throws {TradsysError} `USAGE`, with the one that was meant or all of them. */
export function oneOf<T extends string>(known: readonly T[], text: string, what: string): T {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  const meant = closest(text, known);
  throw new TradsysError(
    "USAGE",
    `\`${text}\` is not a ${what}`,
    meant === undefined ? { hint: `Known are ${known.join(", ")}.` } : didYouMean(meant),
  );
}
