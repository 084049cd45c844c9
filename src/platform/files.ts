import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import {
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  type FileHandle,
} from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

import { TradsysError, hasErrno, messageOf } from "../domain/errors.ts";

/**
 * All that the product does to the disk. Every write is whole or not there: temporary name, flush, rename. What a
 * writer that was killed left behind, hidden under its temporary name, the next one in that folder removes.
 * Tests pass an implementation that fails or dies at a chosen step.
 */
export interface Files {
  /** Reads a file whole. @throws {TradsysError} `FILE_MISSING`, `FILE_UNREADABLE`, or `FILE_TOO_LARGE` */
  read(path: string, maxBytes: number): Promise<Buffer>;
  /** Names in a folder, sorted; empty where there is no such folder. */
  list(path: string): Promise<string[]>;
  /** What stands at a path, symbolic links followed. */
  kind(path: string): Promise<"file" | "folder" | "other" | "missing">;
  /** Creates or replaces a file and the folders above it. @throws {TradsysError} `CANNOT_WRITE` */
  write(path: string, bytes: Uint8Array | string, mode?: number): Promise<void>;
  /** As `write`, unless something stands there: tells whether it was made, whoever else tries at once. @throws {TradsysError} `CANNOT_WRITE` */
  create(path: string, bytes: Uint8Array | string, mode?: number): Promise<boolean>;
  /** Adds to the end of a file and flushes. @throws {TradsysError} `CANNOT_WRITE` */
  append(path: string, text: string): Promise<void>;
  /** What a symbolic link holds; `undefined` where there is none. */
  readLink(path: string): Promise<string | undefined>;
  /** Points a symbolic link somewhere else with one rename. @throws {TradsysError} `CANNOT_WRITE` */
  switchLink(path: string, target: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** True for a file or folder that this user owns and that nobody else may read or enter. Never follows a link. */
  isPrivate(path: string, kind: "file" | "folder"): Promise<boolean>;
  /** Makes a folder that only this user may enter; one that is there already stays as it is. @throws {TradsysError} `CANNOT_WRITE` */
  makePrivate(path: string): Promise<void>;
  /**
   * Opens an empty file for notes that outlive this process, but not a failure of the machine: they cost microseconds.
   * @throws {TradsysError} `CANNOT_WRITE`
   */
  openNotes(path: string): Notes;
  /**
   * Holds a lock until disposed, or until this process ends in whatever way. @throws {TradsysError} `BUSY` while
   * somebody else holds it, `CANNOT_WRITE`
   */
  lock(path: string): Promise<AsyncDisposable>;
}

/** A file that is written to while the process runs. */
export interface Notes {
  /** Goes nowhere once the file is closed. */
  write(text: string): void;
  /** Safe to repeat. */
  close(how: { readonly keep: boolean }): void;
}

/** The real disk. */
export const nodeFiles: Files = {
  async read(path, maxBytes) {
    try {
      const atOnce = readAtOnce(path, maxBytes);
      if (atOnce) return atOnce;
      await using file = await open(path);
      const { size } = await file.stat();
      const bytes = size > maxBytes ? undefined : await readUpTo(file, maxBytes + 1, size);
      if (bytes && bytes.length <= maxBytes) return bytes;
      throw new TradsysError("FILE_TOO_LARGE", `the file is larger than ${maxBytes} bytes`, {
        location: { file: path },
      });
    } catch (error) {
      throw isMissing(error)
        ? new TradsysError("FILE_MISSING", "there is no such file", {
            cause: error,
            location: { file: path },
          })
        : readFailure(path, error);
    }
  },

  async list(path) {
    try {
      return (await readdir(path)).toSorted();
    } catch (error) {
      if (isMissing(error)) return [];
      throw readFailure(path, error);
    }
  },

  async kind(path) {
    try {
      const found = statSync(path);
      return found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
    } catch (error) {
      if (isMissing(error)) return "missing";
      throw readFailure(path, error);
    }
  },

  write: (path, bytes, mode = 0o644) => replacing(path, (temporary) => writeWhole(temporary, bytes, mode)),

  create: (path, bytes, mode = 0o644) =>
    naming(path, async (temporary) => {
      await writeWhole(temporary, bytes, mode);
      try {
        // A rename would replace what has come meanwhile; a second name does not.
        await link(temporary, path);
        return true;
      } catch (error) {
        if (hasErrno(error, "EEXIST")) return false;
        throw error;
      } finally {
        await rm(temporary, { force: true });
      }
    }),

  append: (path, text) =>
    writing(path, async () => {
      await makeFolder(dirname(path));
      await using file = await open(path, "a");
      const { size } = await file.stat();
      await file.writeFile(text);
      await file.sync();
      if (size === 0) await flushFolder(dirname(path));
    }),

  async readLink(path) {
    try {
      return await readlink(path);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw readFailure(path, error);
    }
  },

  switchLink: (path, target) => replacing(path, (temporary) => symlink(target, temporary)),

  remove: (path) => writing(path, () => rm(path, { recursive: true, force: true })),

  async isPrivate(path, kind) {
    try {
      const found = await lstat(path);
      const isKind = kind === "file" ? found.isFile() : found.isDirectory();
      return isKind && (found.mode & 0o077) === 0 && found.uid === process.getuid?.();
    } catch (error) {
      if (isMissing(error)) return false;
      throw readFailure(path, error);
    }
  },

  makePrivate: (path) =>
    writing(path, async () => {
      await makeFolder(dirname(path));
      // The mode may only lose bits to the umask.
      await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
        if (!hasErrno(error, "EEXIST")) throw error;
      });
      await flushFolder(dirname(path));
    }),

  openNotes(path) {
    try {
      const file = openSync(path, "w", 0o600);
      let isOpen = true;
      return {
        write(text) {
          if (isOpen) writeSync(file, text);
        },
        close({ keep }) {
          if (!isOpen) return;
          isOpen = false;
          closeSync(file);
          if (!keep) rmSync(path, { force: true });
        },
      };
    } catch (cause) {
      throw writeFailure(path, cause);
    }
  },

  lock: (path) => writing(path, () => takeLock(path)),
};

/** Largest file that is read without leaving the thread: handing it to another takes longer, in bytes. */
const AT_ONCE_BYTES = 64 * 1024;

/** A small file; `undefined` for whatever else stands there, a pipe for example, which may have nothing to say yet. */
function readAtOnce(path: string, maxBytes: number): Buffer | undefined {
  const found = statSync(path);
  if (!found.isFile() || found.size > Math.min(AT_ONCE_BYTES, maxBytes)) return undefined;
  const bytes = readFileSync(path);
  return bytes.length <= maxBytes ? bytes : undefined;
}

/** Reads to the end, or up to a limit: the size that is told of a pipe or a device is 0, and a file may grow. */
async function readUpTo(file: FileHandle, limit: number, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  // The first piece takes all of a file: pieces that are put together take the memory twice.
  for (let room = size === 0 ? PIECE : size; length < limit; room = PIECE) {
    const piece = Buffer.allocUnsafe(Math.min(room, limit - length));
    const { bytesRead } = await file.read(piece, 0, piece.length);
    if (bytesRead === 0) break;
    pieces.push(piece.subarray(0, bytesRead));
    length += bytesRead;
  }
  const [first = Buffer.of(), ...others] = pieces;
  return others.length === 0 ? first : Buffer.concat(pieces);
}

const PIECE = 64 * 1024;

async function writeWhole(path: string, bytes: Uint8Array | string, mode: number): Promise<void> {
  await using file = await open(path, "wx", mode);
  await file.writeFile(bytes);
  await file.sync();
}

/** Makes something under another name, and gives it its own by one rename. */
const replacing = (path: string, make: (temporary: string) => Promise<void>): Promise<void> =>
  naming(path, async (temporary) => {
    await make(temporary);
    await rename(temporary, path);
  });

/** Works with a name that no other writer has, now or after a crash, and brings what comes of it to the disk. */
const naming = <T>(path: string, work: (temporary: string) => Promise<T>): Promise<T> =>
  writing(path, async () => {
    const folder = dirname(path);
    if (!(await makeFolder(folder))) await removeLeftovers(folder);
    // Shortened: a file system takes 255 bytes, and the name itself may have all of them.
    const name = basename(path).slice(0, 32);
    const temporary = join(folder, `.${name}.${thisProcess}-${process.hrtime.bigint()}.tmp`);
    try {
      const outcome = await work(temporary);
      await flushFolder(folder);
      return outcome;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });

/** Machines may share a folder, and their processes have the same numbers. */
const machine = hostname();
const thisProcess = `${machine}-${process.pid}`;

/** Removes the temporary names of processes that were killed. One that cannot be removed is in nobody's way. */
async function removeLeftovers(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => {
    const [, writtenOn, pid] = /^(\..+)-(\d+)-\d+\.tmp$/.exec(name) ?? [];
    return writtenOn?.endsWith(`.${machine}`) === true && !isRunning(Number(pid));
  });
  await Promise.allSettled(left.map((name) => rm(join(folder, name))));
}

function isRunning(pid: number): boolean {
  try {
    // Signal 0 is never sent: it asks whether it could be.
    return process.kill(pid, 0);
  } catch (error) {
    return !hasErrno(error, "ESRCH");
  }
}

/** Makes a folder and those above it, and brings the name of each new one to the disk; tells whether any was missing. */
async function makeFolder(path: string): Promise<boolean> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return false;
  const above = dirname(resolve(first));
  for (let folder = resolve(path); folder !== above; folder = dirname(folder)) {
    await flushFolder(dirname(folder));
  }
  return true;
}

/** A rename is on disk only once the folder that holds the name is. */
async function flushFolder(path: string): Promise<void> {
  await using folder = await open(path);
  await folder.sync();
}

/** SQLite's code for a database that another connection has locked. */
const SQLITE_BUSY = 5;

/**
 * Node.js has no `flock`; an open transaction on an empty SQLite database is one. The kernel holds it for this
 * process and lets go when the process ends, however it ends, so no leftover ever has to be judged or taken
 * over. The file itself stays, empty: to remove it would be to remove a lock that another has just taken.
 */
async function takeLock(path: string): Promise<AsyncDisposable> {
  await makeFolder(dirname(path));
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Nothing is ever written, so nothing can be taken back: a journal would only be a file to be left behind.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    const isBusy = cause instanceof Error && "errcode" in cause && cause.errcode === SQLITE_BUSY;
    if (!isBusy) throw cause;
    throw new TradsysError("BUSY", "another process is at work here", {
      cause,
      hint: "Wait until it has finished and try again.",
      location: { file: path },
    });
  }
  return {
    async [Symbol.asyncDispose]() {
      database.close();
    },
  };
}

/** Nothing stands at the path, or it goes through something that is not a folder. */
const isMissing = (error: unknown): boolean => hasErrno(error, "ENOENT") || hasErrno(error, "ENOTDIR");

function readFailure(path: string, cause: unknown): TradsysError {
  if (cause instanceof TradsysError) return cause;
  return new TradsysError("FILE_UNREADABLE", `the file cannot be read: ${reason(cause)}`, {
    cause,
    hint: "Check that it is a file and that you may read it.",
    location: { file: path },
  });
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

function writeFailure(path: string, cause: unknown): TradsysError {
  if (cause instanceof TradsysError) return cause;
  return new TradsysError("CANNOT_WRITE", `this cannot be written: ${reason(cause)}`, {
    cause,
    hint: "Check that the folder exists, that you may write to it, and that the disk has room.",
    location: { file: path },
  });
}

/** What the system said, in words: `permission denied`, without the call and the path that Node appends. */
function reason(cause: unknown): string {
  const text = messageOf(cause);
  return /^[A-Z0-9_]+: ([^,]+)/.exec(text)?.[1] ?? text;
}
