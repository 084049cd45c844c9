import type { BundleManifest } from "../domain/bundle.ts";
import { canonical } from "../domain/canonical.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Generation, GenerationPlugin, Plan } from "../domain/plan.ts";
import { settleAll } from "../domain/settle.ts";
import type { Files } from "../platform/files.ts";
import {
  confirmGeneration,
  type VerifiedPlugin,
  verifyGeneration,
  warningsAbout,
} from "../store/verified-plugin.ts";
import type { Stage } from "./stages.ts";

/** A machine that is to run what is activated. */
export interface Node {
  readonly name: string;
  /** Fetches and verifies a generation without running it; tells the content digests of all that it holds ready. */
  prepare(generation: Generation): Promise<ReadonlySet<Digest>>;
}

export interface Preparing {
  readonly files: Files;
  readonly root: string;
  readonly now: () => Date;
  /** The other machines; none of them switches while any of them has prepared another set. */
  readonly nodes?: readonly Node[];
  /** Tries out bundles that did not run here before, for example by loading their code. Whatever it throws ends it. */
  readonly tryOut?: (plugins: readonly VerifiedPlugin[]) => Promise<void>;
}

/** A generation whose every bundle may run. */
export interface Verified {
  /** The plugins that are new or changed. */
  readonly fresh: readonly VerifiedPlugin[];
  /** By content, as they were signed. */
  readonly manifests: ReadonlyMap<Digest, BundleManifest>;
  /** Bundles whose signatures do not suffice, under a policy that only warns of that. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * Verifies all that a plan would run before anything is changed, and runs nothing: in full what was not active
 * before, and by its signed digest what was.
 *
 * @param before What is active now.
 * @throws {TradsysError} whatever is wrong with a bundle.
 */
export async function verify(
  { generation, adapters }: Pick<Plan, "generation" | "adapters">,
  before: Generation | null,
  { files, root, now }: Pick<Preparing, "files" | "root" | "now">,
): Promise<Verified> {
  const verifying = { files, root, now: now() };
  const known = new Set(before?.plugins.map(bundleOf));
  const { same = [], other = [] } = Object.groupBy([...generation.plugins, ...adapters], (plugin) =>
    known.has(bundleOf(plugin)) ? "same" : "other",
  );
  const [fresh, confirmed] = await Promise.all([
    verifyGeneration({ ...generation, plugins: other }, verifying),
    confirmGeneration({ ...generation, plugins: same }, verifying),
  ]);
  const all = [...fresh, ...confirmed];
  return {
    fresh,
    manifests: new Map(all.map(({ content, bundle }) => [content, bundle.manifest])),
    warnings: warningsAbout(all),
  };
}

/**
 * Makes sure that what was verified also works, here and on every other machine. Code runs in it for the first time.
 *
 * @throws {TradsysError} `NODES_DIFFER`, and whatever trying it out comes to.
 */
export async function tryOut(
  generation: Generation,
  fresh: readonly VerifiedPlugin[],
  { nodes = [], tryOut: attempt }: Preparing,
): Promise<void> {
  await barrier(generation, nodes);
  await attempt?.(fresh);
}

const bundleOf = ({ name, version, content, blob, releaseEpoch = 0 }: GenerationPlugin): string =>
  canonical([name, version, content, blob, releaseEpoch]);

/** One server of eight that runs the old program is how a trading firm was lost: all are ready, or none switches. */
async function barrier(generation: Generation, nodes: readonly Node[]): Promise<void> {
  const wanted = new Map(
    generation.plugins.map(({ name, version, content }) => [content, `${name}@${version}`]),
  );
  await settleAll(
    nodes.map(async (node) => {
      const ready = await node.prepare(generation);
      const lacking = [...wanted].flatMap(([content, plugin]) => (ready.has(content) ? [] : [plugin]));
      const strange = [...ready].filter((content) => !wanted.has(content));
      if (lacking.length === 0 && strange.length === 0) return;
      const differences = [
        ...lacking.map((plugin) => `lacks ${plugin}`),
        ...strange.map((content) => `has ${content}`),
      ];
      throw new TradsysError(
        "NODES_DIFFER",
        `node ${node.name} prepared another set: it ${differences.join(", ")}`,
        {
          hint: "Nothing was changed. Bring the node's store up to date and apply the plan again.",
        },
      );
    }),
  );
}

/**
 * The stages that a root may stand in under the new trust policy. Where an old bundle is not trusted any more, for
 * example since it was revoked, there is no stop before it is gone.
 */
export async function trustedStages(
  stages: readonly Stage[],
  next: Generation,
  { files, root, now }: Preparing,
): Promise<readonly Stage[]> {
  const old = new Map(
    stages.flatMap(({ generation }) => generation.plugins).map((plugin) => [bundleOf(plugin), plugin]),
  );
  for (const plugin of next.plugins) old.delete(bundleOf(plugin));
  const refused = new Set<string>();
  for (const [bundle, plugin] of old) {
    try {
      await confirmGeneration({ ...next, plugins: [plugin] }, { files, root, now: now() });
    } catch (error) {
      if (!(error instanceof TradsysError)) throw error;
      refused.add(bundle);
    }
  }
  return stages.filter(({ generation }) =>
    generation.plugins.every((plugin) => !refused.has(bundleOf(plugin))),
  );
}
