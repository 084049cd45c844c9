import { rollBack } from "../../activation/activate.ts";
import { wholeGenerations } from "../../activation/status.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { Digest } from "../../domain/ids.ts";
import { currentDigest, rootPaths } from "../../store/generations.ts";
import { activatedOutcome } from "../activated.ts";
import { defineCommand, type Io } from "../command.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";

export const rollbackCommand = defineCommand({
  usage: "[<generation>]",
  example: "tradsys rollback --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [0, 1],

  async run({ flags, args: [wanted] }, io) {
    const root = rootOf(io, flags);
    if ((await currentDigest(io.files, root)) === null) throw nothingActive(root);
    const target = wanted === undefined ? undefined : await generationNamed(io, root, wanted);
    const { files, now, user: actor } = io;
    return activatedOutcome(await rollBack(target, { files, root, now, actor }));
  },
});

/** Told before anything is locked, so that a wrong --root leaves no folder behind. */
const nothingActive = (root: string): TradsysError =>
  new TradsysError("NOTHING_ACTIVE", "nothing was activated here yet, so there is nothing to go back to", {
    hint: "Name another folder with --root.",
    location: { file: root },
  });

/** Finds a generation by its digest or the first digits of it. */
async function generationNamed(io: Io, root: string, wanted: string): Promise<Digest> {
  // Not the whole status: what is active may be damaged, which is a reason to go back.
  const generations = await wholeGenerations(io.files, root);
  const matching = generations.filter((digest) =>
    digest.startsWith(`sha256:${wanted.replace(/^sha256:/, "")}`),
  );
  const [match] = matching;
  if (match !== undefined && matching.length === 1) return match;
  const message =
    matching.length === 0
      ? `there is no generation ${wanted}`
      : `${wanted} stands for ${matching.length} generations`;
  throw new TradsysError("GENERATION_MISSING", message, {
    hint: "`tradsys status` lists the generations.",
    location: { file: rootPaths(root).generations },
  });
}
