import { parseArgs } from "node:util";

import { type Command, defineCommand, oneOf } from "./command.ts";

/** A command whose first argument names what it does; each action takes its own options only. */
export function commandOf(name: string, actions: Readonly<Record<string, Command>>): Command {
  const all = Object.values(actions);
  /** All actions at once, for the help text and for a line that names none of them. */
  const overview = defineCommand({
    usage: all.map(({ usage }) => usage).join("\n"),
    example: all[0]?.example ?? "",
    options: Object.assign({}, ...all.map(({ options }) => options)) as Command["options"],
    positionals: [1, Infinity],
    choices: Object.keys(actions),
    run: () => Promise.reject(new TypeError("an action was named")),
  });
  return {
    ...overview,
    async run(argv, io) {
      const at = firstPositional(argv, overview);
      const action = at === undefined ? undefined : argv[at];
      if (at === undefined || action === undefined) return overview.run(argv, io);
      const known = oneOf(Object.keys(actions), action, `command of \`${name}\``);
      return actions[known]?.run(argv.toSpliced(at, 1), io) ?? overview.run(argv, io);
    },
  };
}

/** Where the first argument stands that is neither an option nor the value of one. */
const firstPositional = (argv: readonly string[], { options }: Command): number | undefined =>
  parseArgs({
    args: [...argv],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  }).tokens.find(({ kind }) => kind === "positional")?.index;
