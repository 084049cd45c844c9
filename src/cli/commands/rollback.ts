import { rollBack } from "../../activation/activate.ts";
import { rootStatus } from "../../activation/status.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { Digest } from "../../domain/ids.ts";
import { rootPaths } from "../../store/generations.ts";
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
    const target = wanted === undefined ? undefined : await generationNamed(io, root, wanted);
    const { files, now, user: actor } = io;
    return activatedOutcome(await rollBack(target, { files, root, now, actor }));
  },
});

/** Finds a generation by its digest or the first digits of it. */
async function generationNamed(io: Io, root: string, wanted: string): Promise<Digest> {
  const { generations } = await rootStatus(io.files, root);
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
