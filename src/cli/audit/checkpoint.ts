import { join, resolve } from "node:path";

import { readJournal } from "../../activation/journal.ts";
import { CHECKPOINT_API_VERSION } from "../../domain/checkpoint.ts";
import { TradsysError } from "../../domain/errors.ts";
import { CHECKPOINT } from "../../signing/checkpoint.ts";
import { signDocument } from "../../signing/signed-document.ts";
import { rootPaths } from "../../store/generations.ts";
import { defineCommand } from "../command.ts";
import { short } from "../documents.ts";
import { nothingActive } from "../generations.ts";
import { PASSPHRASE_OPTION, signerFrom } from "../keys/private-key.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";
import { shownPath } from "../render.ts";

export const checkpointCommand = defineCommand({
  usage: "checkpoint --key FILE",
  example: "tradsys audit checkpoint --key keys/auditor.key --out offsite/today.checkpoint.json",
  options: {
    ...ROOT_OPTION,
    key: { type: "string", value: "FILE", description: "Private key of whoever vouches for the journal" },
    ...PASSPHRASE_OPTION,
    out: { type: "string", value: "FILE", description: "Where it goes (default: into the root)" },
  },
  positionals: [0, 0],

  async run({ flags }, io) {
    if (flags.key === undefined) {
      throw new TradsysError("USAGE", "no key named", { hint: "Add --key keys/auditor.key." });
    }
    const root = rootOf(io, flags);
    const paths = rootPaths(root);
    const last = (await readJournal(io.files, paths.journal)).at(-1);
    if (!last) throw nothingActive(root);
    const signer = await signerFrom(io, resolve(io.cwd, flags.key), flags);
    const { seq, digest } = last;
    const checkpoint = {
      apiVersion: CHECKPOINT_API_VERSION,
      seq,
      digest,
      at: io.now().toISOString(),
    } as const;
    const target =
      flags.out === undefined
        ? join(paths.checkpoints, `${seq}.${short(signer.publicKey.id)}.json`)
        : resolve(io.cwd, flags.out);
    await io.files.write(target, await signDocument(CHECKPOINT, checkpoint, signer));
    return {
      data: { ...checkpoint, file: target },
      lines: [`vouched for entry ${seq}, ${short(digest)} → ${shownPath(target, io.cwd)}`],
    };
  },
});
