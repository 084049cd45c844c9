import type { Command } from "./command.ts";
import { COMMANDS } from "./registry.ts";
import { SWITCHES_HELP } from "./switches.ts";
import { table } from "./table.ts";

export function productHelp(): string {
  return [
    "Usage: tradsys <command> [options]",
    "",
    "Builds, signs, resolves, deploys and runs the plugins of a trading platform.",
    "",
    "Commands:",
    ...indented(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary])),
    "",
    "Options of every command:",
    ...indented(SWITCHES_HELP),
    "",
    "Example: tradsys validate plugin.yaml",
    "More on one command: tradsys <command> --help",
  ].join("\n");
}

export function commandHelp(name: string, { usage, options, example }: Command): string {
  const own = Object.entries(options).map(([option, { description, value, short }]) => {
    const flag = `--${option}${value === undefined ? "" : ` ${value}`}`;
    return [short === undefined ? flag : `-${short}, ${flag}`, description] as const;
  });
  return [
    ...usage
      .split("\n")
      .map((line, i) =>
        [i === 0 ? "Usage:" : "      ", "tradsys", name, line, "[options]"].filter(Boolean).join(" "),
      ),
    "",
    `${COMMANDS[name]?.summary}.`,
    "",
    "Options:",
    ...indented([...own, ...SWITCHES_HELP]),
    "",
    `Example: ${example}`,
  ].join("\n");
}

const indented = (rows: readonly (readonly string[])[]): string[] => table(rows).map((row) => `  ${row}`);
