import { rollBack } from "../../activation/activate.ts";
import { currentDigest } from "../../store/generations.ts";
import { activatedOutcome } from "../activated.ts";
import { defineCommand } from "../command.ts";
import { generationNamed, nothingActive } from "../generations.ts";
import { ROOT_OPTION, rootOf, WAIT_OPTION, waitOf } from "../options.ts";

export const rollbackCommand = defineCommand({
  usage: "[<generation>]",
  example: "tradsys rollback --root /srv/tradsys",
  options: { ...ROOT_OPTION, ...WAIT_OPTION },
  positionals: [0, 1],

  async run({ flags, args: [wanted] }, io) {
    const root = rootOf(io, flags);
    if ((await currentDigest(io.files, root)) === null) throw nothingActive(root);
    const target = wanted === undefined ? undefined : await generationNamed(io, root, wanted);
    const { files, now, user: actor } = io;
    return activatedOutcome(await rollBack(target, { files, root, now, actor, waitMs: waitOf(flags) }));
  },
});
