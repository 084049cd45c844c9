import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Files } from "../platform/files.ts";
import { isJournalRecord, type JournalRecord } from "./record.ts";

/** One line of the journal. */
export type JournalEntry = JournalRecord & {
  /** Counted from 1. */
  readonly seq: number;
  /** `digest` of the entry before; SHA-256 of nothing for the first. */
  readonly previous: Digest;
  /** SHA-256 of the canonical form of everything above, so that the last line is covered too. */
  readonly digest: Digest;
};

/** Largest journal that is read, in bytes. */
const MAX_JOURNAL_BYTES = 256 * 1024 * 1024;

/** What the first entry names as the one before it. */
const GENESIS = sha256("");

/** What a journal file holds. */
export interface JournalText {
  readonly entries: readonly JournalEntry[];
  /** What follows the last whole line: a crash cut it off while it was written. */
  readonly rest: string;
}

/**
 * Reads the journal and checks its chain.
 *
 * @throws {TradsysError} `JOURNAL_DAMAGED` naming the first line that is not what was written there;
 *   `API_VERSION_UNKNOWN` for a line that another version of this product wrote.
 */
export async function readJournalText(files: Files, path: string): Promise<JournalText> {
  if ((await files.kind(path)) === "missing") return { entries: [], rest: "" };
  const lines = (await files.read(path, MAX_JOURNAL_BYTES)).toString("utf8").split("\n");
  const rest = lines.pop() ?? "";
  const entries: JournalEntry[] = [];
  for (const line of lines) entries.push(entryOn(line, entries.at(-1), path));
  return { entries, rest };
}

/** The whole lines of a journal: one that was cut off records nothing. @throws {TradsysError} as `readJournalText`. */
export async function readJournal(files: Files, path: string): Promise<readonly JournalEntry[]> {
  const { entries } = await readJournalText(files, path);
  return entries;
}

/** A journal that may be written to. */
export interface Journal {
  readonly entries: readonly JournalEntry[];
  /**
   * @throws {TradsysError} `CANNOT_WRITE`. Call it no more then: what a full disk took of a line must stay the last of
   *   the file, which whoever opens it next cuts off.
   */
  append(record: JournalRecord): Promise<void>;
}

/**
 * Opens the journal for writing, and cuts off what a crash left of a line. Call only while holding the root's
 * lock, and use no longer than that.
 *
 * @throws {TradsysError} as `readJournalText` does.
 */
export async function openJournal(files: Files, path: string): Promise<Journal> {
  const { entries: found, rest } = await readJournalText(files, path);
  const entries = [...found];
  if (rest !== "") await files.write(path, entries.map((entry) => `${canonical(entry)}\n`).join(""));
  return {
    entries,
    async append(record) {
      const entry = entryAfter(entries.at(-1), record);
      await files.append(path, `${canonical(entry)}\n`);
      entries.push(entry);
    },
  };
}

/** The entry that a line holds, which must be, to the byte, what is written after `last`. */
function entryOn(line: string, last: JournalEntry | undefined, file: string): JournalEntry {
  const seq = (last?.seq ?? 0) + 1;
  const location = { file, start: { line: seq, column: 1 } };
  const record = recordOn(line, last);
  if (record === undefined) {
    throw new TradsysError("JOURNAL_DAMAGED", `line ${seq} of the journal is not what was written`, {
      hint: "Someone or something edited the journal. Keep a copy of it, and restore it from a backup.",
      location,
    });
  }
  if (isJournalRecord(record)) return entryAfter(last, record);
  throw new TradsysError("API_VERSION_UNKNOWN", `line ${seq} of the journal has an unknown form`, {
    hint: "Another version of tradsys wrote it; use that one.",
    location,
  });
}

/** The record on a line; `undefined` where the line does not follow from the one before. */
function recordOn(line: string, last: JournalEntry | undefined): unknown {
  try {
    const { seq: _seq, previous: _previous, digest: _digest, ...record } = JSON.parse(line) as JournalEntry;
    return line === canonical(entryAfter(last, record)) ? record : undefined;
  } catch {
    return undefined;
  }
}

function entryAfter(last: JournalEntry | undefined, record: JournalRecord): JournalEntry {
  const [seq, previous] = last ? [last.seq + 1, last.digest] : [1, GENESIS];
  const body = { ...record, seq, previous };
  return { ...body, digest: sha256(canonical(body)) };
}
