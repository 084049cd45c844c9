import { join, resolve } from "node:path";

import { TradsysError } from "../domain/errors.ts";
import type { Io } from "./command.ts";

export const SECRETS_OPTION = {
  secrets: {
    type: "string",
    value: "DIR",
    description: "Folder with one file for each secret (default: TRADSYS_SECRET_<NAME> in the environment)",
  },
} as const;

/** Largest secret that is read from a file, in bytes. */
const MAX_SECRET_BYTES = 64 * 1024;

/** Secrets are read once, before anything starts, so that a missing one is found then. */
export async function secretsOf(
  io: Io,
  { secrets: folder }: { readonly secrets?: string | undefined },
): Promise<(name: string) => string | undefined> {
  if (folder === undefined)
    return (name) => io.env[`TRADSYS_SECRET_${name.toUpperCase().replaceAll("-", "_")}`];
  const path = resolve(io.cwd, folder);
  if ((await io.files.kind(path)) !== "folder") {
    throw new TradsysError("FILE_MISSING", "there is no such folder of secrets", {
      location: { file: path },
    });
  }
  const secrets = new Map<string, string>();
  for (const name of await io.files.list(path)) {
    const file = join(path, name);
    // An orchestrator mounts folders beside the secrets, which hold their versions.
    if ((await io.files.kind(file)) !== "file") continue;
    const text = await io.files.read(file, MAX_SECRET_BYTES);
    secrets.set(name, text.toString("utf8").replace(/\r?\n$/, ""));
  }
  return (name) => secrets.get(name);
}
