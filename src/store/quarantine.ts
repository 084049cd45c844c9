import { join } from "node:path";

import { count, exactly, type Guard, oneOf, parseJson, recordOf, text } from "../bundle/shape.ts";
import { canonical, isSameJson } from "../domain/canonical.ts";
import { TradsysError } from "../domain/errors.ts";
import { type Digest, isDigest, labelOf } from "../domain/ids.ts";
import type { GenerationPlugin } from "../domain/plan.ts";
import type { Files, Notes } from "../platform/files.ts";
import { rootPaths } from "./generations.ts";

const API_VERSION = "tradsys/quarantine/v1";
/** Largest file that is read, in bytes. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Starts in a row that this process did not survive, after which what was starting is not started again. */
const MOST_INTERRUPTED = 2;

/** A bundle that is not started on this host. */
export interface Quarantined {
  /** `<name>@<version>`. */
  readonly plugin: string;
  readonly reason: string;
  /** ISO 8601 in UTC. */
  readonly since: string;
}

/** What this host learned about bundles by running them, by content digest. */
interface Quarantine {
  readonly apiVersion: typeof API_VERSION;
  readonly held: Readonly<Record<string, Quarantined>>;
  /** How often in a row the process ended while the bundle was starting. */
  readonly interrupted: Readonly<Record<string, number>>;
}

const EMPTY: Quarantine = { apiVersion: API_VERSION, held: {}, interrupted: {} };

const isQuarantine: Guard<Quarantine> = exactly<Quarantine>({
  apiVersion: oneOf(API_VERSION),
  held: recordOf(exactly<Quarantined>({ plugin: text, reason: text, since: text }), isDigest),
  interrupted: recordOf(count, isDigest),
});

/** What is held back below a root. It protects nobody but this host from itself, so what cannot be read is nothing. */
export async function readQuarantine(files: Files, root: string): Promise<ReadonlyMap<Digest, Quarantined>> {
  const { held } = await read(files, root);
  return new Map(Object.entries(held).map(([digest, entry]) => [digest as Digest, entry]));
}

/** Holds a bundle back from now on. @throws {TradsysError} `CANNOT_WRITE` */
export const hold = (
  files: Files,
  root: string,
  { content, ...entry }: Quarantined & { readonly content: Digest },
): Promise<void> => change(files, root, ({ held }) => ({ held: { ...held, [content]: entry } }));

/** Lets a bundle start again, as if nothing had happened. @throws {TradsysError} `CANNOT_WRITE` */
export const release = (files: Files, root: string, content: Digest): Promise<void> =>
  change(files, root, ({ held, interrupted }) => ({
    held: without(held, content),
    interrupted: without(interrupted, content),
  }));

/** Bundles that are being started, for the case that the process ends meanwhile. */
export interface StartMarks {
  begin(content: Digest): void;
  end(content: Digest): void;
  /** The process ends as it should. */
  close(): void;
}

/**
 * What is held back below a root, and the way to mark what is being started. First it counts the starts that the last
 * process here did not survive: what was starting in too many of them is held back from now on.
 *
 * A mark outlives the process and not the machine: it is written without waiting for the disk. There are none where
 * this host has no folder of its own.
 */
export async function openQuarantine(
  plugins: readonly GenerationPlugin[],
  { files, root, now }: { readonly files: Files; readonly root: string; readonly now: Date },
): Promise<{ readonly held: ReadonlyMap<Digest, Quarantined>; readonly marks?: StartMarks }> {
  const path = join(rootPaths(root).host, "starting");
  const marks = await lastMarks(files, path);
  try {
    if (marks.size > 0) await change(files, root, (before) => judged(before, { marks, plugins, now }));
    const { interrupted } = await read(files, root);
    const isClean = Object.keys(interrupted).length === 0;
    return { held: await readQuarantine(files, root), marks: marksIn(files.openNotes(path), isClean) };
  } catch (error) {
    if (!(error instanceof TradsysError)) throw error;
    return { held: await readQuarantine(files, root) };
  }
}

/** Notes of a process that ended well are only kept where they make up for interrupted starts before it. */
function marksIn(notes: Notes, isClean: boolean): StartMarks {
  return {
    begin: (content) => notes.write(`+${content}\n`),
    end: (content) => notes.write(`-${content}\n`),
    close: () => notes.close({ keep: !isClean }),
  };
}

/** What the marks of a process say: which starts had begun and not ended, and which ended. */
async function lastMarks(files: Files, path: string): Promise<ReadonlyMap<string, boolean>> {
  const lines = (await readIfThere(files, path))?.toString().split("\n") ?? [];
  return new Map(lines.filter((line) => line !== "").map((line) => [line.slice(1), line.startsWith("+")]));
}

interface Marked {
  readonly marks: ReadonlyMap<string, boolean>;
  readonly plugins: readonly GenerationPlugin[];
  readonly now: Date;
}

function judged({ held, interrupted }: Quarantine, { marks, plugins, now }: Marked): Lesson {
  const counted = Object.fromEntries(
    Object.entries(interrupted).filter(([content]) => marks.get(content) !== false),
  );
  for (const [content, isOpen] of marks) if (isOpen) counted[content] = (counted[content] ?? 0) + 1;
  const guilty = plugins.filter(({ content }) => (counted[content] ?? 0) >= MOST_INTERRUPTED);
  const reason = `the process ended ${MOST_INTERRUPTED} times while it was starting`;
  const entries = guilty.map((plugin) => [
    plugin.content,
    { plugin: labelOf(plugin), reason, since: now.toISOString() },
  ]);
  return { interrupted: counted, held: { ...Object.fromEntries(entries), ...held } };
}

type Lesson = Pick<Quarantine, "held"> & Partial<Quarantine>;

async function change(files: Files, root: string, lesson: (before: Quarantine) => Lesson): Promise<void> {
  const { host } = rootPaths(root);
  if (!(await files.isPrivate(host, "folder"))) await files.makePrivate(host);
  const before = await read(files, root);
  const after = { ...before, ...lesson(before) };
  if (!isSameJson(after, before)) await files.write(fileOf(root), canonical(after), 0o600);
}

async function read(files: Files, root: string): Promise<Quarantine> {
  const found = parseJson((await readIfThere(files, fileOf(root)))?.toString() ?? "");
  return isQuarantine(found) ? found : EMPTY;
}

async function readIfThere(files: Files, path: string): Promise<Buffer | undefined> {
  try {
    return await files.read(path, MAX_BYTES);
  } catch (error) {
    if (error instanceof TradsysError) return undefined;
    throw error;
  }
}

const fileOf = (root: string): string => join(rootPaths(root).host, "quarantine.json");

const without = <T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).filter(([each]) => each !== key));
