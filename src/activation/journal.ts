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
  /** SHA-256 of the line before, without its end of line; of nothing for the first. */
  readonly previous: Digest;
}

/** Largest journal that is read, in bytes. */
const MAX_JOURNAL_BYTES = 256 * 1024 * 1024;

const GENESIS = sha256("");

/**
 * Reads the journal and checks its chain. A last line without its end was cut off by a crash while it was
 * written; it records nothing and is left out.
 *
 * @throws {TradsysError} `JOURNAL_DAMAGED` naming the first line that does not follow from the one before.
 */
export async function readJournal(files: Files, path: string): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = [];
  let previous = GENESIS;
  for (const line of await completeLines(files, path)) {
    const entry = parseEntry(line);
    if (entry?.seq !== entries.length + 1 || entry.previous !== previous) {
      throw new TradsysError(
        "JOURNAL_DAMAGED",
        `line ${entries.length + 1} of ${path} does not follow from the one before`,
        {
          hint: "Someone or something edited the journal. Keep a copy of it, and restore it from a backup.",
          location: { file: path, start: { line: entries.length + 1, column: 1 } },
        },
      );
    }
    entries.push(entry);
    previous = sha256(line);
  }
  return entries;
}

/** Adds a record to the end of the journal. Call only while holding the root's lock. */
export async function appendToJournal(files: Files, path: string, record: JournalRecord): Promise<void> {
  const lines = await completeLines(files, path);
  const last = lines.at(-1);
  const entry: JournalEntry = {
    ...record,
    seq: lines.length + 1,
    previous: last === undefined ? GENESIS : sha256(last),
  };
  await files.append(path, `${canonical(entry)}\n`);
}

/** Cuts off what a crash left of a line, so that the next line starts on its own. */
export async function mendJournal(files: Files, path: string): Promise<void> {
  if ((await files.kind(path)) !== "file") return;
  const text = (await files.read(path, MAX_JOURNAL_BYTES)).toString("utf8");
  if (text !== "" && !text.endsWith("\n")) await files.write(path, text.slice(0, text.lastIndexOf("\n") + 1));
}

async function completeLines(files: Files, path: string): Promise<string[]> {
  if ((await files.kind(path)) !== "file") return [];
  const text = (await files.read(path, MAX_JOURNAL_BYTES)).toString("utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
}

function parseEntry(line: string): JournalEntry | undefined {
  try {
    return JSON.parse(line) as JournalEntry;
  } catch {
    return undefined;
  }
}
