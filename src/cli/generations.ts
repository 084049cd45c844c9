import { wholeGenerations } from "../activation/status.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import { rootPaths } from "../store/generations.ts";
import type { Io } from "./command.ts";

/**
 * Finds a generation by its digest or the first digits of it. Whatever is active may be damaged.
 *
 * @throws {TradsysError} `GENERATION_MISSING`
 */
export async function generationNamed(io: Io, root: string, wanted: string): Promise<Digest> {
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

/** Told before anything is locked or written, so that a wrong --root leaves no folder behind. */
export const nothingActive = (root: string): TradsysError =>
  new TradsysError("NOTHING_ACTIVE", "nothing was activated here yet", {
    hint: "Name another folder with --root.",
    location: { file: root },
  });
