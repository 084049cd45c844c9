import { TradsysError } from "../../domain/errors.ts";
import { labelOf } from "../../domain/ids.ts";
import { yank } from "../../store/yank.ts";
import { defineCommand } from "../command.ts";
import { ROOT_OPTION, storeOf } from "../options.ts";
import { pluginOf } from "../resolving.ts";

export const yankCommand = defineCommand({
  usage: "<name>@<version> --reason TEXT | --undo",
  example: 'tradsys yank @tradsys/risk-core@4.2.0 --reason "rounds the price collar wrongly"',
  options: {
    ...ROOT_OPTION,
    reason: { type: "string", value: "TEXT", description: "Why; told to whoever asks for the version" },
    undo: { type: "boolean", default: false, description: "Give the version back" },
  },
  positionals: [1, 1],

  async run({ flags, args: [wanted = ""] }, io) {
    const { name, version } = pluginOf(wanted);
    const { undo } = flags;
    const reason = flags.reason?.trim();
    const hint = `For example: \`${yankCommand.example}\``;
    if (version === undefined) throw new TradsysError("USAGE", `which version of ${name}?`, { hint });
    if (undo && reason !== undefined) throw new TradsysError("USAGE", "--undo takes no reason");
    if (!undo && !reason) throw new TradsysError("USAGE", "no reason given", { hint });
    const plugin = { name, version };
    const changed = await yank(io.files, await storeOf(io, flags), { ...plugin, reason });
    const state = undo ? "may be chosen" : "is chosen by nobody any more who has not locked it";
    return {
      data: { ...plugin, yanked: reason ?? null, changed },
      lines: [`${labelOf(plugin)} ${state}${changed ? "" : ", as before"}`],
    };
  },
});
