import { dirname } from "node:path";

import type { Deployment } from "../../domain/deployment.ts";
import type { Diagnostic } from "../../domain/diagnostic.ts";
import { type InstanceName, instanceOf, labelOf } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";
import type { Manifest } from "../../domain/manifest.ts";
import { parsePlugin, type Parsed } from "../../manifest/parse.ts";
import { MAX_TEXT_BYTES } from "../../manifest/text.ts";
import type { Cycle } from "../../planner/cycle.ts";
import type { Io } from "../command.ts";
import { findManifests } from "../manifests/find.ts";

type Related = NonNullable<Diagnostic["related"]>;

interface Sources {
  readonly file: string;
  readonly deployment: Parsed<Deployment>;
  readonly manifests: ReadonlyMap<InstanceName, Candidate>;
}

/**
 * Where each edge of a cycle is stated. Bundles carry no lines, so the sources below the deployment's folder are
 * looked at; what was released from elsewhere is told by its pointer.
 */
export async function originsOf(
  io: Io,
  { edges }: Cycle,
  { file, deployment, manifests }: Sources,
): Promise<Related> {
  const sources = await manifestsBelow(io, dirname(file));
  return edges.map(({ from, to, origin }) => {
    const message = `${from} waits for ${to}`;
    const told = { code: "CYCLE", severity: "error", message, pointer: origin.pointer } as const;
    if (origin.kind === "order") return { message, location: deployment.locate(told).location ?? { file } };
    const name = instanceOf(origin.statedBy);
    const manifest = manifests.get(name)?.manifest;
    const label: string = manifest ? labelOf(manifest) : name;
    const location = sources.get(label)?.locate(told).location;
    return location
      ? { message, location }
      : { message: `${message} (${origin.pointer})`, location: { file: `${label}/plugin.json` } };
  });
}

/** Plugin manifests below a folder that can be read, by name and version. */
async function manifestsBelow(io: Io, folder: string) {
  const { files } = await findManifests(io, [folder]);
  const parsed = await Promise.all(
    files
      .filter(({ certain }) => certain)
      .map(async ({ path }) =>
        parsePlugin((await io.files.read(path, MAX_TEXT_BYTES)).toString("utf8"), path),
      ),
  );
  return new Map<string, Parsed<Manifest>>(
    parsed.flatMap((each) =>
      each.ok ? [[`${each.value.value.name}@${each.value.value.version}`, each.value] as const] : [],
    ),
  );
}
