import { join, resolve } from "node:path";

import { auditJournal, type Audit, type CheckpointFile } from "../../activation/audit.ts";
import { ENVELOPE_BYTES } from "../../bundle/format.ts";
import { CODES } from "../../domain/codes.ts";
import { TRUST_API_VERSION, type TrustPolicy } from "../../domain/trust.ts";
import { readCurrent, rootPaths } from "../../store/generations.ts";
import { readTrustFloor } from "../../store/trust-floor.ts";
import { defineCommand, type Io } from "../command.ts";
import { plural, readTrust, short } from "../documents.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";

export const verifyCommand = defineCommand({
  usage: "verify",
  example: "tradsys audit verify --root /srv/tradsys --checkpoint offsite/120.checkpoint.json",
  options: {
    ...ROOT_OPTION,
    trust: {
      type: "string",
      value: "FILE",
      description: "Trust policy that names who may vouch for the journal (default: that of what is active)",
    },
    checkpoint: {
      type: "string",
      multiple: true,
      value: "FILE",
      description: "Also hold the journal against this checkpoint, kept elsewhere; once for each",
    },
  },
  positionals: [0, 0],

  async run({ flags }, io) {
    const root = rootOf(io, flags);
    const kept = await checkpointsIn(io, rootPaths(root).checkpoints);
    const given = await Promise.all(
      (flags.checkpoint ?? []).map((file) => readFile(io, resolve(io.cwd, file))),
    );
    const audit = await auditJournal(io.files, root, {
      policy:
        flags.trust === undefined
          ? await activePolicy(io, root)
          : await readTrust(io, resolve(io.cwd, flags.trust)),
      floor: await readTrustFloor(io.files, root),
      checkpoints: [...kept, ...given],
    });
    const worst = audit.diagnostics.find(({ severity }) => severity === "error");
    return {
      data: audit,
      lines: worst ? [] : describe(audit),
      diagnostics: audit.diagnostics,
      exit: worst ? CODES[worst.code] : 0,
    };
  },
});

/** Nobody may vouch for anything where nothing is active. */
const NO_POLICY: TrustPolicy = {
  apiVersion: TRUST_API_VERSION,
  keys: [],
  threshold: {},
  revoked: { keys: [], digests: [] },
};

const activePolicy = async ({ files }: Io, root: string): Promise<TrustPolicy> =>
  (await readCurrent(files, root))?.generation.trust ?? NO_POLICY;

async function checkpointsIn(io: Io, folder: string): Promise<readonly CheckpointFile[]> {
  const names = (await io.files.list(folder)).filter((name) => name.endsWith(".json"));
  return Promise.all(names.map((name) => readFile(io, join(folder, name))));
}

const readFile = async ({ files }: Io, file: string): Promise<CheckpointFile> => ({
  file,
  text: (await files.read(file, ENVELOPE_BYTES)).toString("utf8"),
});

function describe({ entries, head, vouched }: Audit): string[] {
  if (head === null) return ["the journal is empty"];
  const last = vouched.toSorted((a, b) => a.seq - b.seq).at(-1);
  return [
    `the journal is whole: ${plural(entries, "entry", "entries")}, the last is ${short(head)}`,
    last
      ? `${plural(vouched.length, "checkpoint")}: ${last.key} vouched for entry ${last.seq} on ${last.at}`
      : "nobody vouched for it: `tradsys audit checkpoint` does, and shows later that it was not written anew",
  ];
}
