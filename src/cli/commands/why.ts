import { TradsysError } from "../../domain/errors.ts";
import type { Lock } from "../../domain/lock.ts";
import { why, type Chain } from "../../resolver/answers/why.ts";
import { defineCommand } from "../command.ts";
import { ROOT_OPTION } from "../options.ts";
import { lockOf, pluginOf, resolving } from "../resolving.ts";

export const whyCommand = defineCommand({
  usage: "<deployment> <plugin>",
  example: "tradsys why paper-desk.yaml @tradsys/md-normaliser",
  options: { ...ROOT_OPTION },
  positionals: [2, 2],

  async run({ flags, args: [arg = "", plugin = ""] }, io) {
    const asked = await resolving(io, arg, flags);
    const { name } = pluginOf(plugin);
    const lock = lockOf(asked);
    const chains = why(lock, name);
    if (chains.length === 0) {
      throw new TradsysError("PLUGIN_UNKNOWN", `${name} is not part of ${lock.deployment}`, {
        hint: `\`tradsys why-not\` tells what holds a version back.`,
        location: { file: asked.lockFile },
      });
    }
    const versions = lock.plugins.filter((other) => other.name === name).map(({ version }) => version);
    return {
      data: chains,
      lines: [`${name} ${versions.join(" and ")}`, ...chains.flatMap((chain) => describe(chain, lock))],
    };
  },
});

function describe({ root, bindings }: Chain, { deployment }: Lock): readonly string[] {
  return [
    `  ${deployment} asks for ${root}`,
    ...bindings.map(({ facet, requirement, range }, depth) => {
      const what = requirement.replace(/^plugin:/, "").replace(/^port:/, "port ");
      return `${"  ".repeat(depth + 2)}${facet} needs ${what} ${range}`;
    }),
  ];
}
