import { basename } from "node:path";

import { unchangedBuild, type Place } from "../../build/state.ts";
import { findPlaces } from "../builds/places.ts";
import { outcomeOf, type Built } from "../builds/report.ts";
import { requestId, requestOf, type BuildRequest } from "../builds/request.ts";
import { defineCommand, type Io } from "../command.ts";
import { PASSPHRASE_OPTION } from "../keys/private-key.ts";

export const buildCommand = defineCommand({
  usage: "<plugin|folder of plugins>...",
  example: "tradsys build plugins --out bundles --key keys/ci.key",
  options: {
    out: {
      type: "string",
      value: "DIR",
      description: "Where bundles go (default: dist in the plugin's folder)",
    },
    key: {
      type: "string",
      value: "FILE",
      description: "Sign what is built, as its builder, with this private key",
    },
    ...PASSPHRASE_OPTION,
    watch: { type: "boolean", default: false, description: "Build again at every change, until Ctrl-C" },
    debug: {
      type: "boolean",
      default: false,
      description: "Write source map and metafile as a second artifact",
    },
    analyze: {
      type: "boolean",
      default: false,
      description: "Show what the code is made of, and write a treemap",
    },
    "no-typecheck": { type: "boolean", default: false, description: "Do not run the plugin's own tsc" },
    jobs: { type: "string", value: "N", description: "Plugins that are built at once (default: one a core)" },
  },
  positionals: [1, Infinity],

  async run({ flags, args }, io) {
    const request = requestOf(io, { ...flags, code: basename(import.meta.filename) });
    if (flags.watch) {
      const { watchBuilds } = await import("../builds/watch.ts");
      return watchBuilds(io, { args, out: flags.out, request });
    }
    const places = await findPlaces(io, args, flags.out);
    return outcomeOf(io, await buildPlaces(io, places, request));
  },
});

/** Builds what has changed. Nothing is written unless all of it could be built. */
async function buildPlaces(io: Io, places: readonly Place[], request: BuildRequest): Promise<Built[]> {
  const known = await Promise.all(
    places.map(async (place) => ({ place, summary: await unchangedBuild(place, requestId(request), io) })),
  );
  const changed = known.flatMap(({ place, summary }) => (summary ? [] : [place]));
  const unchanged = known.flatMap(({ place, summary }): Built[] => (summary ? [{ place, summary }] : []));
  if (changed.length === 0) return unchanged;

  const { buildAll, writeAll } = await import("../builds/build-all.ts");
  const made = await buildAll(io, changed, request);
  await writeAll(io, made);
  return [...unchanged, ...made];
}
