import { basename, join, resolve } from "node:path";

import { TradsysError } from "../../domain/errors.ts";
import { isPluginName, type PluginName } from "../../domain/ids.ts";
import { defineCommand, oneOf } from "../command.ts";
import { shownPath } from "../render.ts";
import { KINDS, scaffold } from "../templates/scaffold.ts";

export const initCommand = defineCommand({
  usage: "<kind> [folder]",
  example: "tradsys init strategy plugins/mean-reversion --name @acme/mean-reversion",
  options: {
    name: {
      type: "string",
      value: "NAME",
      description: "Name of the plugin (default: @example/<folder>)",
    },
  },
  positionals: [1, 2],
  choices: KINDS,

  async run({ flags, args: [wanted = "", path = "."] }, io) {
    const kind = oneOf(KINDS, wanted, "kind of plugin");
    const folder = resolve(io.cwd, path);
    const name = pluginName(flags.name ?? `@example/${basename(folder)}`);
    if ((await io.files.list(folder)).length > 0) {
      throw new TradsysError("CANNOT_WRITE", "this folder is not empty, and nothing in it is overwritten", {
        hint: "Name a new folder.",
        location: { file: folder },
      });
    }
    const files = scaffold(kind, name);
    for (const [file, text] of Object.entries(files)) await io.files.write(join(folder, file), text);
    return {
      data: { kind, name, folder, files: Object.keys(files) },
      lines: [
        `${name} (${kind}) → ${shownPath(folder, io.cwd)}`,
        ...Object.keys(files).map((file) => `  ${file}`),
        "",
        "Next: npm install, npm test, npm run build",
      ],
    };
  },
});

function pluginName(text: string): PluginName {
  if (isPluginName(text)) return text;
  throw new TradsysError("USAGE", `\`${text}\` cannot name a plugin`, {
    hint: "Give a name such as `--name @acme/mean-reversion`: lower case, digits and dashes.",
  });
}
