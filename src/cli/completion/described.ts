import type { Registered } from "../command.ts";
import { SWITCHES_HELP } from "../switches.ts";

/** What a shell can know of a command. */
export interface DescribedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly DescribedOption[];
  /** Values of its first argument; empty where these are files, or anything. */
  readonly choices: readonly string[];
}

interface DescribedOption {
  /** Without the dashes. */
  readonly name: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** Values it takes; empty where these are files, or anything. */
  readonly choices: readonly string[];
}

/** Every command with its options, and `help`, whose topics are the commands. */
export async function describeCommands(
  commands: Readonly<Record<string, Registered>>,
): Promise<DescribedCommand[]> {
  const switches = SWITCHES_HELP.map(([flag, description]) => ({
    name: flag.replace(/^--/, ""),
    description,
    takesValue: false,
    choices: [],
  }));
  const described = Object.entries(commands).map(async ([name, { summary, load }]) => {
    const { options, choices } = await load();
    const own = Object.entries(options).map(([option, spec]) => ({
      name: option,
      description: spec.description,
      takesValue: spec.type === "string",
      choices: spec.choices ?? [],
    }));
    return { name, summary, options: [...own, ...switches], choices };
  });
  const help = {
    name: "help",
    summary: "Show help",
    options: switches,
    choices: Object.keys(commands),
  };
  return [...(await Promise.all(described)), help];
}
