import { type Command, defineCommand, oneOf } from "../command.ts";
import { generateCommand } from "../keys/generate.ts";
import { listCommand } from "../keys/list.ts";
import { revokeCommand } from "../keys/revoke.ts";
import { rotateCommand } from "../keys/rotate.ts";
import { showCommand } from "../keys/show.ts";

const ACTIONS = {
  generate: generateCommand,
  list: listCommand,
  show: showCommand,
  rotate: rotateCommand,
  revoke: revokeCommand,
} satisfies Readonly<Record<string, Command>>;

const NAMES = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[];

/** All actions at once, for the help text and for a line that names none of them. */
const overview = defineCommand({
  usage: Object.values(ACTIONS)
    .map(({ usage }) => usage)
    .join("\n"),
  example: generateCommand.example,
  options: Object.assign({}, ...Object.values(ACTIONS).map(({ options }) => options)) as Command["options"],
  positionals: [1, Infinity],
  choices: NAMES,
  run: () => Promise.reject(new TypeError("an action was named")),
});

export const keysCommand: Command = {
  ...overview,
  /** Each action takes its own options only. */
  run(argv, io) {
    const at = argv.findIndex((arg) => !arg.startsWith("-"));
    const action = argv[at];
    return action === undefined
      ? overview.run(argv, io)
      : ACTIONS[oneOf(NAMES, action, "command of `keys`")].run(argv.toSpliced(at, 1), io);
  },
};
