import { readQuarantine } from "../../store/quarantine.ts";
import { defineCommand } from "../command.ts";
import { short } from "../documents.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";

export const listCommand = defineCommand({
  usage: "list",
  example: "tradsys quarantine list --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [0, 0],

  async run({ flags }, io) {
    const held = [...(await readQuarantine(io.files, rootOf(io, flags)))];
    return {
      data: held.map(([content, entry]) => ({ content, ...entry })),
      lines:
        held.length === 0
          ? ["nothing is held back"]
          : held.map(
              ([content, { plugin, reason, since }]) =>
                `${plugin}  ${short(content)}  since ${since}: ${reason}`,
            ),
    };
  },
});
