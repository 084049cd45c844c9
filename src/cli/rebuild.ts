import { dirname } from "node:path";

import { buildPlugin } from "../build/build-plugin.ts";
import { firstDifference } from "../bundle/first-difference.ts";
import { openBundle } from "../bundle/open.ts";
import type { OpenBundle } from "../domain/bundle.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { parsePlugin } from "../manifest/parse.ts";
import type { Io } from "./command.ts";
import { manifestPath, readDocument } from "./documents.ts";
import { shownPath } from "./render.ts";

interface Rebuild {
  /** A bundle. */
  readonly bytes: Buffer;
  /** Its name, for messages. */
  readonly file: string;
  /** Folder of the plugin that it is said to come from. */
  readonly source: string;
}

/**
 * Builds a plugin again and compares. If one byte of the bundle does not come from these sources, there is a finding
 * that shows the first.
 *
 * @throws {TradsysError} what reading the bundle and building the plugin throw.
 */
export async function rebuildFindings(
  { bytes, file, source }: Rebuild,
  io: Io,
): Promise<readonly Diagnostic[]> {
  const bundle = openBundle(bytes, { file });
  const manifestFile = await manifestPath(io, source);
  const sources = io.look.target(dirname(manifestFile)) ?? dirname(manifestFile);
  const { value: manifest } = await readDocument(io, manifestFile, parsePlugin);
  io.progress(`building ${manifest.name}@${manifest.version} again`);
  const built = await buildPlugin(manifest, sources, io.files);
  const rebuilt = openBundle(built.bytes, { file: shownPath(manifestFile, io.cwd) });
  const difference = firstDifference(rebuilt.files, bundle.files);
  if (!difference) return [];

  const { file: name, offset, expected, found } = difference;
  const folder = shownPath(dirname(manifestFile), io.cwd);
  const where =
    expected && found
      ? `${name} differs from byte ${offset} on`
      : `${name} is ${found ? "only in the bundle" : "not in the bundle"}`;
  const finding: Diagnostic = {
    code: "REBUILD_DIFFERS",
    severity: "error",
    message: `${file} is not what ${folder} builds: ${where}`,
    location: { file },
    ...(expected && found && { expected: excerpt(expected), found: excerpt(found) }),
    hint: whyTheyDiffer(rebuilt, bundle),
  };
  return [finding];
}

const excerpt = (bytes: Buffer): string =>
  bytes.length === 0
    ? "the end of the file"
    : `${JSON.stringify(bytes.toString("latin1"))} (${bytes.toString("hex")})`;

/** The build record tells most causes apart. */
function whyTheyDiffer({ manifest: here }: OpenBundle, { manifest: there }: OpenBundle): string {
  if (here.name !== there.name || here.version !== there.version) {
    return `The bundle is ${there.name}@${there.version}, the sources are ${here.name}@${here.version}.`;
  }
  if (here.build.esbuild !== there.build.esbuild) {
    return `It was built with esbuild ${there.build.esbuild}, here it is ${here.build.esbuild}.`;
  }
  if (here.build.options !== there.build.options) return "It was built with another version of tradsys.";
  return here.build.inputs === there.build.inputs
    ? "It claims to come from exactly these sources. Do not use it."
    : "It was built from other sources, or other versions of its packages.";
}
