import { defineCommand, oneOf, type Command, type Registered } from "../command.ts";
import { bash } from "../completion/bash.ts";
import { describeCommands } from "../completion/described.ts";
import { fish } from "../completion/fish.ts";
import { zsh } from "../completion/zsh.ts";

const SHELLS = { bash, zsh, fish } as const;
const NAMES = ["bash", "zsh", "fish"] as const;

/** @param commands All that is to be completed. The registry holds this command, too, and so hands itself over. */
export const completionFor = (commands: Readonly<Record<string, Registered>>): Command =>
  defineCommand({
    usage: NAMES.join("|"),
    example: "tradsys completion bash > ~/.local/share/bash-completion/completions/tradsys",
    options: {},
    positionals: [1, 1],
    choices: NAMES,

    async run({ args: [shell = ""] }) {
      const script = SHELLS[oneOf(NAMES, shell, "shell")](await describeCommands(commands));
      return { data: { shell, script }, lines: [script.trimEnd()] };
    },
  });
