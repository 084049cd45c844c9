import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Files } from "../platform/files.ts";

/** What happened to a root. A `started` that no `finished` or `interrupted` follows was cut short. */
type JournalEvent = "started" | "finished" | "interrupted";

export interface JournalRecord {
  readonly event: JournalEvent;
  readonly action: "apply" | "rollback";
  readonly from: Digest | null;
  readonly to: Digest;
  /** Who asked for it. */
  readonly actor: string;
  /** UTC, ISO 8601. */
  readonly at: string;
}

/** One line of the journal. */
export interface JournalEntry extends JournalRecord {
  /** Counted from 1. */
  readonly seq: number;
  /** `digest` of the entry before; SHA-256 of nothing for the first. */
  readonly previous: Digest;
  /** SHA-256 of the canonical form of everything above, so that the last line is covered too. */
  readonly digest: Digest;
}

/** Largest journal that is read, in bytes. */
const MAX_JOURNAL_BYTES = 256 * 1024 * 1024;

const GENESIS = sha256("");

/**
 * Reads the journal and checks its chain. A last line without its end was cut off by a crash while it was
 * written; it records nothing and is left out.
 *
 * @throws {TradsysError} `JOURNAL_DAMAGED` naming the first line that is not what was written there.
 */
export async function readJournal(files: Files, path: string): Promise<readonly JournalEntry[]> {
  const { lines } = await readLines(files, path);
  return checked(lines, path);
}

/** A journal that may be written to. */
export interface Journal {
  readonly entries: readonly JournalEntry[];
  append(record: JournalRecord): Promise<void>;
}

/**
 * Opens the journal for writing, and cuts off what a crash left of a line. Call only while holding the root's
 * lock, and use no longer than that.
 *
 * @throws {TradsysError} as `readJournal` does.
 */
export async function openJournal(files: Files, path: string): Promise<Journal> {
  const { lines, rest } = await readLines(files, path);
  const entries = checked(lines, path);
  if (rest !== "") await files.write(path, lines.map((line) => `${line}\n`).join(""));
  return {
    entries,
    async append(record) {
      const entry = entryAfter(entries.at(-1), record);
      await files.append(path, `${canonical(entry)}\n`);
      entries.push(entry);
    },
  };
}

function checked(lines: readonly string[], path: string): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (const [i, line] of lines.entries()) {
    const entry = parseLine(line, entries.at(-1));
    if (!entry) {
      throw new TradsysError("JOURNAL_DAMAGED", `line ${i + 1} of the journal is not what was written`, {
        hint: "Someone or something edited the journal. Keep a copy of it, and restore it from a backup.",
        location: { file: path, start: { line: i + 1, column: 1 } },
      });
    }
    entries.push(entry);
  }
  return entries;
}

/** The entry that a line holds; `undefined` unless the line is, to the byte, what is written after `last`. */
function parseLine(line: string, last: JournalEntry | undefined): JournalEntry | undefined {
  try {
    const entry = entryAfter(last, JSON.parse(line) as JournalRecord);
    return line === canonical(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function entryAfter(
  last: JournalEntry | undefined,
  { event, action, from, to, actor, at }: JournalRecord,
): JournalEntry {
  const [seq, previous] = last ? [last.seq + 1, last.digest] : [1, GENESIS];
  const body = { event, action, from, to, actor, at, seq, previous };
  return { ...body, digest: sha256(canonical(body)) };
}

/** Whole lines, and what follows the last of them. */
async function readLines(files: Files, path: string): Promise<{ lines: string[]; rest: string }> {
  if ((await files.kind(path)) === "missing") return { lines: [], rest: "" };
  const lines = (await files.read(path, MAX_JOURNAL_BYTES)).toString("utf8").split("\n");
  return { rest: lines.pop() ?? "", lines };
}
