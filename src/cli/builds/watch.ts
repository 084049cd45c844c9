import { dirname, join, resolve } from "node:path";

import { openBuild, type BuiltBundle, type PluginBuild } from "../../build/build-plugin.ts";
import { unchangedBuild, writeState, type Place } from "../../build/state.ts";
import { canonical } from "../../domain/canonical.ts";
import { CODES } from "../../domain/codes.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { Io, Outcome } from "../command.ts";
import { findManifests } from "../manifests/find.ts";
import { watchFolders } from "../manifests/watch.ts";
import { signerOf } from "./build-all.ts";
import {
  artifactsOf,
  readPlugin,
  startChecks,
  stateOf,
  summaryOf,
  type Building,
  type ReadPlugin,
} from "./build-one.ts";
import { findPlaces } from "./places.ts";
import { outcomeOf } from "./report.ts";
import { requestId, type BuildRequest } from "./request.ts";

interface Watched {
  readonly args: readonly string[];
  readonly out: string | undefined;
  readonly request: BuildRequest;
}

/**
 * Builds whatever has changed, again and again. A bundle is signed and in its place as soon as it is compiled; its types
 * and how it loads are checked after that, since a developer waits for the first and reads the second.
 */
export async function watchBuilds(io: Io, { args, out, request }: Watched): Promise<Outcome> {
  const building = { io, request, signer: await signerOf(io, request) };
  await using kept = keptBuilds(building);
  for (let runs = 1; ; runs++) {
    const places = await findPlaces(io, args, out);
    // Watching begins before anything is read, so that no change falls between.
    using sources = watchFolders(await sourceFolders(io, places));
    for (const place of places) await rebuild(place, kept, building);
    // What else went in, such as an installed package, is known only now.
    using inputs = watchFolders(kept.inputFolders());
    const changed = await Promise.race([sources.changed(io.signal), inputs.changed(io.signal)]);
    if (!changed) return { data: { runs }, lines: [] };
  }
}

async function rebuild(place: Place, kept: KeptBuilds, building: Building): Promise<void> {
  const { io, request } = building;
  if (await unchangedBuild(place, requestId(request), io)) return;
  try {
    const began = performance.now();
    const plugin = await readPlugin(io, place);
    const bundle = await kept.build(plugin);
    const artifacts = await artifactsOf(bundle, building);
    for (const [name, bytes] of artifacts) await io.files.write(join(place.out, name), bytes);
    const unchecked = {
      plugin,
      bundle,
      artifacts,
      types: { kind: "checked", findings: [], files: [] },
    } as const;
    io.print(
      outcomeOf(io, [{ place, summary: summaryOf(unchecked, request), ms: performance.now() - began }]),
    );

    await using checks = startChecks(plugin, building);
    await checks.load(bundle);
    const state = stateOf({ ...unchecked, types: await checks.types }, building);
    if (state) await writeState(place, state, io.files);
  } catch (error) {
    if (!(error instanceof TradsysError)) throw error;
    io.print({ data: null, lines: [], diagnostics: error.diagnostics, exit: CODES[error.code] });
  }
}

/** Compilations that are kept open between changes. */
interface KeptBuilds extends AsyncDisposable {
  build(plugin: ReadPlugin): Promise<BuiltBundle>;
  /** Folders of all that went into the last builds. */
  inputFolders(): readonly string[];
}

function keptBuilds({ io, request }: Building): KeptBuilds {
  const open = new Map<string, { readonly manifest: string; readonly build: PluginBuild }>();
  const inputs = new Map<string, readonly string[]>();
  return {
    async build({ place, manifest }) {
      const { folder } = place;
      const text = canonical(manifest);
      const before = open.get(folder);
      if (before?.manifest !== text) await before?.build[Symbol.asyncDispose]();
      const build =
        before?.manifest === text
          ? before.build
          : await openBuild(manifest, folder, { files: io.files, debug: request.debug });
      open.set(folder, { manifest: text, build });
      const bundle = await build.build();
      inputs.set(
        folder,
        Object.keys(bundle.metafile.inputs).map((path) => dirname(resolve(folder, path))),
      );
      return bundle;
    },
    inputFolders: () => [...new Set([...inputs.values()].flat())],
    async [Symbol.asyncDispose]() {
      for (const { build } of open.values()) await build[Symbol.asyncDispose]();
    },
  };
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
