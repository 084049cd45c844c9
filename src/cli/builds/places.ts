import { basename, dirname, join, resolve } from "node:path";

import type { Place } from "../../build/state.ts";
import type { Io } from "../command.ts";
import { manifestPath } from "../documents.ts";
import { findManifests } from "../manifests/find.ts";

/** The plugins that arguments stand for: a plugin's folder or manifest, or a folder with plugins somewhere below it. */
export async function findPlaces(io: Io, args: readonly string[], out: string | undefined): Promise<Place[]> {
  const found = await Promise.all(args.map((arg) => manifestsOf(io, arg)));
  return [...new Set(found.flat())].map((path) => {
    const folder = io.look.target(dirname(path)) ?? dirname(path);
    return {
      file: join(folder, basename(path)),
      folder,
      out: out === undefined ? join(folder, "dist") : resolve(io.cwd, out),
    };
  });
}

async function manifestsOf(io: Io, arg: string): Promise<string[]> {
  const own = await manifestPath(io, arg);
  if (io.look.content(own) !== null) return [own];
  const { files } = await findManifests(io, [arg]);
  const below = files.flatMap(({ path, certain }) => (certain && path.endsWith("plugin.yaml") ? [path] : []));
  // Where there is none, reading the one that was meant tells what is missing.
  return below.length > 0 ? below : [own];
}
