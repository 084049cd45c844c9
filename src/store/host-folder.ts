import { randomBytes } from "node:crypto";
import { join } from "node:path";

import { TradsysError } from "../domain/errors.ts";
import type { Files } from "../platform/files.ts";
import { rootPaths } from "./generations.ts";
import { openPack, type Pack, writePack } from "./pack.ts";

const KEY_BYTES = 32;
/** Largest pack that is read or kept, in bytes. */
const MAX_PACK_BYTES = 1024 * 1024 * 1024;

/** One pack of each kind is kept, the latest. */
interface PackId {
  readonly kind: "plugins" | "code" | "use";
  /** What it was made for: a pack for anything else is rejected. */
  readonly purpose: string;
}

/**
 * Packs that this host made for itself. They lie in a folder that only its user may enter, and are sealed with a
 * key that lies there too: whoever could forge one could as well change the program. Anything else that is found
 * there counts as nothing, since all of it can be made again.
 */
export interface HostFolder {
  read<Head>(id: PackId): Promise<Pack<Head> | "missing" | "rejected">;
  /** @throws {TradsysError} `CANNOT_WRITE` */
  write(id: PackId, head: unknown, bodies: ReadonlyMap<string, Uint8Array>): Promise<void>;
}

/** Opens the folder of this host below a root; `undefined` where there is none that can be believed. */
export async function openHostFolder(files: Files, root: string): Promise<HostFolder | undefined> {
  const folder = rootPaths(root).host;
  if (!(await files.isPrivate(folder, "folder"))) return undefined;
  const key = await readIfThere(files, keyFile(folder), KEY_BYTES);
  if (key?.length !== KEY_BYTES) return undefined;

  const fileOf = ({ kind }: PackId): string => join(folder, `${kind}.pack`);
  const sealFor = ({ kind, purpose }: PackId) => ({ key, purpose: `tradsys/${kind}/v1 ${purpose}` });
  return {
    async read<Head>(id: PackId) {
      const bytes = await readIfThere(files, fileOf(id), MAX_PACK_BYTES);
      return bytes ? (openPack<Head>(bytes, sealFor(id)) ?? "rejected") : "missing";
    },
    write: (id, head, bodies) => files.write(fileOf(id), writePack(head, bodies, sealFor(id)), 0o600),
  };
}

/**
 * As `openHostFolder`, and makes folder and key where there are none.
 *
 * @throws {TradsysError} `CANNOT_WRITE`
 */
export async function makeHostFolder(files: Files, root: string): Promise<HostFolder | undefined> {
  const opened = await openHostFolder(files, root);
  if (opened) return opened;
  const folder = rootPaths(root).host;
  await files.makePrivate(folder);
  // A folder that others may enter keeps no secret.
  if (await files.isPrivate(folder, "folder"))
    await files.write(keyFile(folder), randomBytes(KEY_BYTES), 0o600);
  return openHostFolder(files, root);
}

const keyFile = (folder: string): string => join(folder, "key");

/** What cannot be read can be made again, so it is as good as missing. */
async function readIfThere(files: Files, path: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    return await files.read(path, maxBytes);
  } catch (error) {
    if (error instanceof TradsysError) return undefined;
    throw error;
  }
}
