import { TradsysError } from "../../domain/errors.ts";
import { readQuarantine, release } from "../../store/quarantine.ts";
import { defineCommand } from "../command.ts";
import { short } from "../documents.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";

export const releaseCommand = defineCommand({
  usage: "release PLUGIN[@VERSION]|DIGEST…",
  example: "tradsys quarantine release @acme/connector-okx@1.7.1 --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [1, Infinity],

  async run({ args, flags }, io) {
    const root = rootOf(io, flags);
    const held = [...(await readQuarantine(io.files, root))];
    const released = args.flatMap((named) => {
      const meant = held.filter(
        ([content, { plugin }]) =>
          content === named || plugin === named || plugin.startsWith(`${named}@`) || short(content) === named,
      );
      if (meant.length > 0) return meant;
      throw new TradsysError("PLUGIN_UNKNOWN", `${named} is not held back`, {
        hint: "`tradsys quarantine list` shows what is.",
      });
    });
    for (const [content] of released) await release(io.files, root, content);
    return {
      data: released.map(([content, { plugin }]) => ({ content, plugin })),
      lines: released.map(([content, { plugin }]) => `released  ${plugin}  ${short(content)}`),
    };
  },
});
