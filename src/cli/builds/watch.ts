import { stopCompiler } from "../../build/compile.ts";
import type { Place } from "../../build/state.ts";
import type { Io, Outcome } from "../command.ts";
import { findManifests } from "../manifests/find.ts";
import { watchFolders } from "../manifests/watch.ts";
import { signerOf } from "./build-all.ts";
import { findPlaces } from "./places.ts";
import { PluginWatch } from "./plugin-watch.ts";
import type { BuildRequest } from "./request.ts";

interface Watched {
  readonly args: readonly string[];
  readonly out: string | undefined;
  readonly request: BuildRequest;
}

/** Builds whatever has changed, again and again, until it is called off. */
export async function watchBuilds(io: Io, { args, out, request }: Watched): Promise<Outcome> {
  const building = { io, request, signer: await signerOf(io, request) };
  await using open = new AsyncDisposableStack();
  open.defer(stopCompiler);
  const plugins = new Map<string, PluginWatch>();
  for (let runs = 1; ; runs++) {
    const places = await findPlaces(io, args, out);
    // Watching begins before anything is read, so that no change falls between.
    using sources = watchFolders(await sourceFolders(io, places));
    for (const place of places) {
      const plugin = plugins.get(place.file) ?? open.use(new PluginWatch(place, building));
      plugins.set(place.file, plugin);
      await plugin.update();
    }
    // What else went in, such as an installed package, is known only now.
    using inputs = watchFolders([
      ...new Set([...plugins.values()].flatMap(({ inputFolders }) => inputFolders)),
    ]);
    const changed = await Promise.race([sources.changed(io.signal), inputs.changed(io.signal)]);
    if (!changed) return { data: { runs }, lines: [] };
  }
}

/** Where sources are, or may appear: everything below a plugin's folder but what is installed or written there. */
async function sourceFolders(io: Io, places: readonly Place[]): Promise<string[]> {
  const { folders } = await findManifests(
    io,
    places.map(({ folder }) => folder),
  );
  return folders.filter(
    (folder) => !places.some(({ out }) => folder === out || folder.startsWith(`${out}/`)),
  );
}
