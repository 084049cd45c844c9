import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readlink, rename, rm, stat, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { hasErrno, TradsysError } from "../domain/errors.ts";

/**
 * All that the product does to the disk. Every write is whole or not there: temporary name, flush, rename.
 * Tests pass an implementation that fails or dies at a chosen step.
 */
export interface Files {
  /** @throws {TradsysError} `FILE_MISSING`, `FILE_UNREADABLE`, or `FILE_TOO_LARGE` before anything is read. */
  read(path: string, maxBytes: number): Promise<Buffer>;
  /** Names in a folder, sorted; empty where there is no such folder. */
  list(path: string): Promise<string[]>;
  /** What stands at a path, symbolic links followed. */
  kind(path: string): Promise<"file" | "folder" | "other" | "missing">;
  /** Creates or replaces a file and the folders above it. @throws {TradsysError} `CANNOT_WRITE` */
  write(path: string, bytes: Uint8Array | string, mode?: number): Promise<void>;
  /** Adds to the end of a file and flushes. @throws {TradsysError} `CANNOT_WRITE` */
  append(path: string, text: string): Promise<void>;
  /** What a symbolic link holds; `undefined` where there is none. */
  readLink(path: string): Promise<string | undefined>;
  /** Points a symbolic link somewhere else with one rename. @throws {TradsysError} `CANNOT_WRITE` */
  switchLink(path: string, target: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Holds a lock file until disposed. @throws {TradsysError} `BUSY` while another living process holds it. */
  lock(path: string): Promise<AsyncDisposable>;
}

/** The real disk. */
export const nodeFiles: Files = {
  async read(path, maxBytes) {
    try {
      await using file = await open(path);
      const { size } = await file.stat();
      if (size > maxBytes) {
        throw new TradsysError("FILE_TOO_LARGE", `${path} is ${size} bytes, the limit is ${maxBytes}`, {
          location: { file: path },
        });
      }
      return await file.readFile();
    } catch (error) {
      throw hasErrno(error, "ENOENT") || hasErrno(error, "ENOTDIR")
        ? new TradsysError("FILE_MISSING", `${path} does not exist`, {
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
      if (hasErrno(error, "ENOENT")) return [];
      throw readFailure(path, error);
    }
  },

  async kind(path) {
    const found = await stat(path).catch(() => undefined);
    if (!found) return "missing";
    return found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
  },

  write: (path, bytes, mode = 0o644) =>
    writing(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      const temporary = temporaryNameFor(path);
      try {
        await using file = await open(temporary, "wx", mode);
        await file.writeFile(bytes);
        await file.sync();
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await flushFolder(dirname(path));
    }),

  append: (path, text) =>
    writing(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      await using file = await open(path, "a");
      await file.writeFile(text);
      await file.sync();
    }),

  async readLink(path) {
    try {
      return await readlink(path);
    } catch (error) {
      if (hasErrno(error, "ENOENT")) return undefined;
      throw readFailure(path, error);
    }
  },

  switchLink: (path, target) =>
    writing(path, async () => {
      const temporary = temporaryNameFor(path);
      await symlink(target, temporary);
      await rename(temporary, path);
      await flushFolder(dirname(path));
    }),

  remove: (path) => writing(path, () => rm(path, { recursive: true, force: true })),

  lock: (path) => writing(path, () => takeLock(path)),
};

const temporaryNameFor = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);

/** A rename is on disk only once the folder that holds the name is. */
async function flushFolder(path: string): Promise<void> {
  await using folder = await open(path);
  await folder.sync();
}

/**
 * Creates the lock file with this process's id in it. A lock whose process is gone is left over from a
 * crash and is taken over.
 */
async function takeLock(path: string): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  const release = { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
  for (;;) {
    try {
      await using file = await open(path, "wx");
      await file.writeFile(String(process.pid));
      return release;
    } catch (error) {
      if (!hasErrno(error, "EEXIST")) throw error;
    }
    const holder = await lockHolder(path);
    if (holder !== undefined && isAlive(holder)) {
      throw new TradsysError("BUSY", `process ${holder} holds ${path}`, {
        hint: "Wait until it has finished and try again. If that process is something else, delete the file.",
        location: { file: path },
      });
    }
    await discardLeftover(path, holder);
  }
}

/**
 * Removes the lock of a dead process. It is renamed first and looked at again, so that of two processes
 * that found the same leftover only one removes it, and a lock taken in between is put back.
 */
async function discardLeftover(path: string, dead: number | undefined): Promise<void> {
  const leftover = temporaryNameFor(path);
  try {
    await rename(path, leftover);
    if ((await lockHolder(leftover)) !== dead) await link(leftover, path);
  } catch (error) {
    if (!hasErrno(error, "ENOENT") && !hasErrno(error, "EEXIST")) throw error;
  } finally {
    await rm(leftover, { force: true });
  }
}

/** Milliseconds that a lock file may stay empty: its process is between creating it and writing its id. */
const LOCK_GRACE_MS = 2000;

async function lockHolder(path: string): Promise<number | undefined> {
  try {
    await using file = await open(path);
    const pid = Number.parseInt(await file.readFile("utf8"), 10);
    if (Number.isSafeInteger(pid)) return pid;
    const { mtimeMs } = await stat(path);
    return Date.now() - mtimeMs < LOCK_GRACE_MS ? process.pid : undefined;
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return hasErrno(error, "EPERM");
  }
}

function readFailure(path: string, cause: unknown): TradsysError {
  if (cause instanceof TradsysError) return cause;
  return new TradsysError("FILE_UNREADABLE", `${path} cannot be read: ${reason(cause)}`, {
    cause,
    hint: "Check that it is a file and that you may read it.",
    location: { file: path },
  });
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TradsysError) throw cause;
    throw new TradsysError("CANNOT_WRITE", `${path} cannot be written: ${reason(cause)}`, {
      cause,
      hint: "Check that the folder exists, that you may write to it, and that the disk has room.",
      location: { file: path },
    });
  }
}

/** What the system said, in words: `permission denied`, without the call and the path that Node appends. */
function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return /^[A-Z0-9_]+: ([^,]+)/.exec(text)?.[1] ?? text;
}
