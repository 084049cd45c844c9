import compare from "semver/functions/compare.js";

import { canonical } from "../../src/domain/canonical.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { parseFacetId, type FacetId, type PluginName } from "../../src/domain/ids.ts";
import type { Change, Generation, GenerationPlugin, Plan, Step, Wave } from "../../src/domain/plan.ts";
import { manifest } from "../bundle/sample.ts";

const facetsOf = (generation: Generation | null, plugin: PluginName): FacetId[] =>
  (generation?.facets ?? []).flatMap(({ id }) => (parseFacetId(id)?.plugin === plugin ? [id] : []));

const versionOf = ({ version, content }: GenerationPlugin) => ({ version, content });

const { drainTimeoutMs: maxWaitMs } = manifest().resources;
const DRAIN = { orders: "keep", maxWaitMs, onTimeout: "abort" } as const;

const bindings = (generation: Generation | null, plugin: PluginName): string =>
  canonical(
    (generation?.facets ?? [])
      .filter(({ id }) => parseFacetId(id)?.plugin === plugin)
      .map(({ ports }) => ports),
  );

/** What happens to one plugin in one step; `undefined` where nothing does. */
function stepFor(
  plugin: PluginName,
  [base, next]: readonly [Generation | null, Generation],
): Step | undefined {
  const [from, to] = [base, next].map((side) => side?.plugins.find(({ name }) => name === plugin));
  const [stop, start] = [facetsOf(base, plugin).toReversed(), facetsOf(next, plugin)];
  const leaving = from && { from: versionOf(from), drain: DRAIN };
  if (!to) return leaving && { action: "stop", plugin, ...leaving, stop, start: [] };
  const coming = { to: versionOf(to) };
  if (!leaving) return { action: "start", plugin, ...coming, stop: [], start };
  const isSame = from.content === to.content && canonical(from.config) === canonical(to.config);
  if (!isSame) return { action: "replace", plugin, ...leaving, ...coming, stop, start };
  const isBound = bindings(base, plugin) === bindings(next, plugin);
  return isBound ? undefined : { action: "rebind", plugin, ...coming, stop: [], start };
}

function changeFor(plugin: PluginName, [base, next]: readonly [Generation | null, Generation]): Change {
  const [from, to] = [base, next].map((side) => side?.plugins.find(({ name }) => name === plugin));
  if (!to) return { action: "remove", plugin, from: from?.version ?? "" };
  if (!from) return { action: "add", plugin, to: to.version };
  const step = stepFor(plugin, [base, next]);
  if (from.content === to.content) {
    const action = step ? (step.action === "rebind" ? "rebind" : "reconfigure") : "unchanged";
    return { action, plugin, to: to.version };
  }
  const direction = compare(to.version, from.version);
  const action = direction > 0 ? "upgrade" : direction < 0 ? "downgrade" : "rebuild";
  return { action, plugin, from: from.version, to: to.version };
}

/** The plugins of two sets, in name order. */
const pluginsOf = (base: Generation | null, next: Generation): PluginName[] =>
  [...new Set([...(base?.plugins ?? []), ...next.plugins].map(({ name }) => name))].toSorted();

const waveOf = (steps: readonly Step[]): Wave => ({
  groups: [{ steps }],
  held: [],
  memoryMiB: 0,
  estimateMs: 0,
});

/** One wave for each plugin that differs. */
export const oneByOne = (base: Generation | null, next: Generation): Wave[] =>
  pluginsOf(base, next).flatMap((plugin) => {
    const step = stepFor(plugin, [base, next]);
    return step ? [waveOf([step])] : [];
  });

/** A sound plan that goes from one generation to another at once, or by the waves that are told. */
export function planBetween(
  base: Generation | null,
  next: Generation,
  { author = "tester", waves }: Partial<Pick<Plan, "author" | "waves">> = {},
): Plan {
  const names = pluginsOf(base, next);
  const steps = names.flatMap((plugin) => stepFor(plugin, [base, next]) ?? []);
  return {
    apiVersion: "tradsys/plan/v1",
    base: base && sha256(canonical(base)),
    next: sha256(canonical(next)),
    author,
    changes: names.map((plugin) => changeFor(plugin, [base, next])),
    waves: waves ?? (steps.length > 0 ? [waveOf(steps)] : []),
    relaxed: [],
    adapters: [],
    start: {
      waves: next.facets.map(({ id }) => [id]),
      estimatesMs: {},
      criticalPath: [],
      criticalPathMs: 0,
    },
    policy: {
      window: { notBefore: null, startBy: null, doneBy: null },
      material: names,
      ...(base && canonical(base.trust) !== canonical(next.trust) && { rules: ["trust"] }),
      approvals: [],
      approvers: 0,
    },
    generation: next,
  };
}
