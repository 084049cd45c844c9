import { join, relative, sep } from "node:path";

import { canonical } from "../domain/canonical.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { sha256 } from "../domain/digest.ts";
import type { Digest, PluginName } from "../domain/ids.ts";
import type { Target } from "../domain/manifest.ts";
import type { Files } from "../platform/files.ts";
import type { Look } from "../platform/look.ts";
import type { Share } from "./sizes.ts";
import { stillHold, type Witnesses } from "./witnesses.ts";

/** What is told of a plugin that was built. */
export interface BuildSummary {
  readonly name: PluginName;
  readonly version: string;
  readonly fileName: string;
  readonly content: Digest;
  readonly blob: Digest;
  /** Bytes of the bundle. */
  readonly size: number;
  readonly packages: readonly string[];
  /** What it offers to others, and what it needs of them. */
  readonly provides: readonly Target[];
  readonly requires: readonly Target[];
  /** Why types were not checked; absent where they were. */
  readonly untyped?: string;
  /** The largest parts of its code, where that was asked for. */
  readonly shares: readonly Share[];
  readonly warnings: readonly Diagnostic[];
}

/** A build that was done: what was asked, what it followed from, and what came of it. */
export interface BuildState {
  /** Equal only if the same was asked of the same tool. */
  readonly request: string;
  readonly witnesses: Witnesses;
  /** Digest of every file that was written, by its name in the output folder. */
  readonly outputs: Readonly<Record<string, Digest>>;
  readonly summary: BuildSummary;
}

/** Where a plugin is built from, and to; absolute paths. */
export interface Place {
  /** `plugin.yaml` */
  readonly file: string;
  readonly folder: string;
  readonly out: string;
}

/** Largest state file that is read, in bytes. */
const MAX_STATE_BYTES = 64 * 1024 * 1024;

/**
 * What an earlier build came to, if the same would come of it now: the same was asked, nothing that it followed from
 * has changed, and all that it wrote is still there.
 */
export async function unchangedBuild(
  place: Place,
  request: string,
  { files, look }: { readonly files: Files; readonly look: Look },
): Promise<BuildSummary | undefined> {
  const path = stateFile(place);
  if (look.content(path) === null) return undefined;
  const state = parseState((await files.read(path, MAX_STATE_BYTES)).toString());
  if (state?.request !== request) return undefined;
  const isWhole = Object.entries(state.outputs).every(
    ([name, digest]) => look.content(join(place.out, name)) === digest,
  );
  return isWhole && stillHold(state.witnesses, place.folder, look) ? state.summary : undefined;
}

export const writeState = (place: Place, state: BuildState, files: Files): Promise<void> =>
  files.write(stateFile(place), formatState(state));

/** Beside what was built, and findable without reading a manifest. */
const stateFile = ({ file, out }: Place): string =>
  join(out, ".build", `${sha256(relative(out, file).split(sep).join("/")).slice(7, 19)}.json`);

/** A line with the digest of what follows, so that no other form needs to be expected. */
const formatState = (state: BuildState): string => {
  const text = canonical(state);
  return `${sha256(text)}\n${text}`;
};

function parseState(text: string): BuildState | undefined {
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  return text.slice(0, end) === sha256(body) ? (JSON.parse(body) as BuildState) : undefined;
}
