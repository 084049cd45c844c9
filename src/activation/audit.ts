import type { Diagnostic } from "../domain/diagnostic.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { TrustFloor, TrustPolicy } from "../domain/trust.ts";
import type { Files } from "../platform/files.ts";
import { readCheckpoint } from "../signing/checkpoint.ts";
import { currentDigest, rootPaths } from "../store/generations.ts";
import { actionsIn } from "./history.ts";
import { type JournalEntry, readJournalText } from "./journal.ts";

/** A signed statement about a journal, as a file. */
export interface CheckpointFile {
  readonly file: string;
  readonly text: string;
}

/** Who may vouch for a journal, and what they said. */
export interface Vouching {
  readonly policy: TrustPolicy;
  readonly floor: TrustFloor;
  readonly checkpoints: readonly CheckpointFile[];
}

/** What an audit found. */
export interface Audit {
  /** Number of entries whose chain is whole. */
  readonly entries: number;
  /** Digest of the last of them. */
  readonly head: Digest | null;
  /** Checkpoints that the journal agrees with. */
  readonly vouched: readonly { readonly seq: number; readonly at: string; readonly key: string }[];
  /** What is wrong; empty where nothing is. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Holds a journal against its own chain, against what was vouched for, and against what is active. */
export async function auditJournal(files: Files, root: string, vouching: Vouching): Promise<Audit> {
  const path = rootPaths(root).journal;
  try {
    const { entries, rest } = await readJournalText(files, path);
    const judged = vouching.checkpoints.map((file) => judge(file, entries, vouching));
    return {
      entries: entries.length,
      head: entries.at(-1)?.digest ?? null,
      vouched: judged.flatMap((each) => ("seq" in each ? [each] : [])),
      diagnostics: [
        ...(rest === "" ? [] : [cutOff(entries.length + 1, path)]),
        ...judged.flatMap((each) => ("code" in each ? [each] : [])),
        ...otherEnd(entries, await currentDigest(files, root), path),
        ...clockSetBack(entries, path),
      ],
    };
  } catch (error) {
    if (!(error instanceof TradsysError)) throw error;
    return { entries: 0, head: null, vouched: [], diagnostics: error.diagnostics };
  }
}

function judge(
  { file, text }: CheckpointFile,
  entries: readonly JournalEntry[],
  { policy, floor }: Vouching,
): Audit["vouched"][number] | Diagnostic {
  const read = readCheckpoint(text, policy, floor);
  if (!read.ok) return { ...problem(read.error, { file }), code: "CHECKPOINT_INVALID" };
  const { document, signer } = read.value;
  const { seq, digest, at } = document;
  const { name } = signer.trusted;
  const entry = entries[seq - 1];
  if (entry?.digest === digest) return { seq, at, key: name };
  const message = entry
    ? `entry ${seq} of the journal is not the one that ${name} vouched for on ${at}: it was written anew`
    : `the journal had ${seq} entries when ${name} vouched for it on ${at}, and has ${entries.length}: it was cut short`;
  return problem(message, { file });
}

const cutOff = (line: number, file: string): Diagnostic => ({
  ...problem(`line ${line} of the journal is cut off`, { file, start: { line, column: 1 } }),
  hint: "A crash while it was written does that too; the next change removes what is left of the line.",
});

/** Whoever cuts entries off the end would have to change what is active, too. */
function otherEnd(
  entries: readonly JournalEntry[],
  current: Digest | null,
  file: string,
): readonly Diagnostic[] {
  const last = actionsIn(entries).at(-1);
  const expected = last ? last.current : null;
  if (last?.ending === "open" || expected === current) return [];
  return [
    problem(`the journal ends with ${expected ?? "nothing"} active, and ${current ?? "nothing"} is`, {
      file,
    }),
  ];
}

/** Entries are in order by their numbers, whatever the clock said. */
function clockSetBack(entries: readonly JournalEntry[], file: string): readonly Diagnostic[] {
  return entries.flatMap(({ seq, at }, i): Diagnostic[] => {
    const before = entries[i - 1];
    if (!before || at >= before.at) return [];
    return [
      {
        code: "CLOCK_SET_BACK",
        severity: "warning",
        message: `entry ${seq} is dated ${at}, before entry ${before.seq} at ${before.at}: the clock was set back`,
        location: { file, start: { line: seq, column: 1 } },
      },
    ];
  });
}

const problem = (message: string, location: Diagnostic["location"] & {}): Diagnostic => ({
  code: "JOURNAL_DAMAGED",
  severity: "error",
  message,
  location,
  hint: "Keep a copy of the journal, and compare it with a backup.",
});
