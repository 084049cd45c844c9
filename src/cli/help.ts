import type { Command } from "./command.ts";
import { COMMANDS } from "./registry.ts";

const SWITCHES_HELP = [
  ["--help", "Show this text"],
  ["--json", "Print one JSON document instead of text"],
  ["--quiet", "Print problems only"],
  ["--verbose", "Print the causes of a failure"],
  ["--no-color", "Do not use colour; so does NO_COLOR=1"],
] as const;

export function productHelp(): string {
  return [
    "Usage: tradsys <command> [options]",
    "",
    "Builds, signs, resolves, deploys and runs the plugins of a trading platform.",
    "",
    "Commands:",
    ...columns(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary])),
    "",
    "Options of every command:",
    ...columns([...SWITCHES_HELP, ["--version", "Print the version"]]),
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
    `Usage: tradsys ${name} ${usage} [options]`,
    "",
    `${COMMANDS[name]?.summary}.`,
    "",
    "Options:",
    ...columns([...own, ...SWITCHES_HELP]),
    "",
    `Example: ${example}`,
  ].join("\n");
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
