import type { DescribedCommand } from "./described.ts";

export const fish = (commands: readonly DescribedCommand[]): string =>
  ["# fish completion for tradsys", ...commands.flatMap(linesOf), ""].join("\n");

function linesOf({ name, summary, options, choices }: DescribedCommand): string[] {
  const within = `complete -c tradsys -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
  return [
    `complete -c tradsys -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...(choices.length > 0 ? [`${within} -f -a ${quoted(choices.join(" "))}`] : []),
    ...options.map((option) => {
      const values = option.choices.length > 0 ? ` -f -a ${quoted(option.choices.join(" "))}` : "";
      const value = option.takesValue ? ` -r${values}` : "";
      return `${within} -l ${option.name}${value} -d ${quoted(option.description)}`;
    }),
  ];
}

const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
