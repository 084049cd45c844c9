import { deserialize, serialize } from "node:v8";

import { sha256 } from "../../domain/digest.ts";
import { TradsysError, messageOf } from "../../domain/errors.ts";
import type { Digest, FacetId } from "../../domain/ids.ts";

/** What a plugin says about its state, and which other versions' state it takes over. */
export interface StateFormat {
  readonly version: string;
  readonly schemaVersion: number;
  /** Versions with another schema that it restores from, as was decided when the change was planned. */
  readonly restoresFrom: readonly string[];
}

/** The state of a facet at one moment, as it left the instance that gave it. */
export interface Snapshot {
  readonly version: string;
  readonly schemaVersion: number;
  readonly bytes: Buffer;
  readonly digest: Digest;
  /** Stands for the instance that gave it. */
  readonly by?: object;
}

/** @throws {TradsysError} `STATE_REFUSED` for what is no plain data. */
export function takeSnapshot(facet: FacetId, state: unknown, format: StateFormat): Snapshot {
  try {
    const bytes = serialize(state);
    const { version, schemaVersion } = format;
    return { version, schemaVersion, bytes, digest: sha256(bytes) };
  } catch (cause) {
    throw new TradsysError(
      "STATE_REFUSED",
      `${facet} gives a state that is no plain data: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/** Whether a version takes over state that another gave. */
export const takesOver = (
  { schemaVersion, restoresFrom }: StateFormat,
  from: Pick<Snapshot, "version" | "schemaVersion">,
): boolean => from.schemaVersion === schemaVersion || restoresFrom.includes(from.version);

/** The state again. @throws {TradsysError} `STATE_REFUSED` for a snapshot that this version may not take over. */
export function openSnapshot(facet: FacetId, snapshot: Snapshot, format: StateFormat): unknown {
  const { version, schemaVersion, bytes, digest } = snapshot;
  if (sha256(bytes) !== digest) {
    throw new TradsysError("STATE_REFUSED", `the state that was kept of ${facet} was changed since`);
  }
  if (takesOver(format, snapshot)) return deserialize(bytes);
  throw new TradsysError(
    "STATE_REFUSED",
    `${facet} has state of version ${schemaVersion} from ${version}, which ${format.version} does not take over`,
    { hint: "Release a version whose state.canRestoreFrom names it." },
  );
}
