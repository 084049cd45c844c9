import compare from "semver/functions/compare.js";
import satisfies from "semver/functions/satisfies.js";

import { isSameJson } from "../../domain/canonical.ts";
import { byInstance, type Digest, type InstanceName } from "../../domain/ids.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { Change, Generation, GenerationPlugin, Plan, Step } from "../../domain/plan.ts";

type Manifests = ReadonlyMap<Digest, Manifest>;

/** Where what a plan tells of itself is not what its two generations say: people approve what they are told. */
export function checkTold(plan: Plan, base: Generation | null, manifests: Manifests): readonly string[] {
  const [before, after] = [byInstance(base?.plugins ?? []), byInstance(plan.generation.plugins)];
  const steps = plan.waves.flatMap(({ groups }) => groups.flatMap((group) => group.steps));
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  const told = Map.groupBy(plan.changes, ({ plugin }) => plugin);
  const strangers = [...told.keys()].filter((name) => !before.has(name) && !after.has(name));
  return [
    ...strangers.map((name) => `it tells of ${name}, which is in neither set`),
    ...names.flatMap((name) => {
      const expected = changeOf(name, [before.get(name), after.get(name)], { manifests, steps });
      const [change, ...others] = told.get(name) ?? [];
      const isTrue = others.length === 0 && change && isSameJson(change, expected);
      return isTrue ? [] : [`it does not tell rightly what becomes of ${name}: ${expected.action}`];
    }),
    ...steps.flatMap((step) => checkStep(step, { plan, before, after, manifests })),
    ...plan.adapters.flatMap((adapter) =>
      steps.some(({ to }) => to?.content === adapter.content)
        ? []
        : [`no step starts the adapter ${adapter.name}`],
    ),
  ];
}

type Sides = readonly [GenerationPlugin | undefined, GenerationPlugin | undefined];

function changeOf(
  plugin: InstanceName,
  [old, young]: Sides,
  { manifests, steps }: { readonly manifests: Manifests; readonly steps: readonly Step[] },
): Change {
  if (!young) return { action: "remove", plugin, from: old?.version ?? "" };
  const to = young.version;
  if (!old) return { action: "add", plugin, to };
  if (old.content !== young.content) {
    const direction = compare(to, old.version);
    const action = direction > 0 ? "upgrade" : direction < 0 ? "downgrade" : "rebuild";
    const state = lossOf([old, young], manifests);
    return { action, plugin, from: old.version, to, ...(state && { state }) };
  }
  if (!isSameJson(givenTo(old), givenTo(young))) return { action: "reconfigure", plugin, to };
  const isRebound = steps.some((step) => step.action === "rebind" && step.plugin === plugin);
  return { action: isRebound ? "rebind" : "unchanged", plugin, to };
}

/** All that a deployment says of a plugin, beside which bundle it is. */
const givenTo = ({
  name: _name,
  version: _version,
  content: _content,
  blob: _blob,
  envelopes: _envelopes,
  releaseEpoch: _epoch,
  ...given
}: GenerationPlugin): object => given;

/** What becomes of the state that the old version keeps. */
function lossOf([old, young]: Sides, manifests: Manifests): "one-way" | "lost" | undefined {
  const [before, after] = [old && manifests.get(old.content), young && manifests.get(young.content)];
  if (!before?.state || !after || old?.content === young?.content) return undefined;
  if (!after.state || !satisfies(before.version, after.state.canRestoreFrom)) return "lost";
  return satisfies(after.version, before.state.canRestoreFrom) ? undefined : "one-way";
}

interface Told {
  readonly plan: Plan;
  readonly before: ReadonlyMap<InstanceName, GenerationPlugin>;
  readonly after: ReadonlyMap<InstanceName, GenerationPlugin>;
  readonly manifests: Manifests;
}

/** What is in a step is in the sets; what cannot be undone is marked; orders are drained as the policy says. */
function checkStep(step: Step, { plan, before, after, manifests }: Told): string[] {
  const { plugin, from, to, drain, oneWay } = step;
  const [old, young] = [before.get(plugin), after.get(plugin)];
  const adapter = plan.adapters.find(({ name }) => name === plugin);
  const leaving = old && from ? manifests.get(old.content) : undefined;
  const expected =
    leaving &&
    (plan.generation.policy?.drain?.[leaving.name] ?? {
      orders: "keep",
      maxWaitMs: leaving.resources.drainTimeoutMs,
      onTimeout: "abort",
    });
  return [
    ...(isOneOf(from, [old, adapter]) && isOneOf(to, [young, adapter])
      ? []
      : [`a step names a version of ${plugin} that is in neither set`]),
    ...(to && oneWay !== true && lossOf([old, young], manifests)
      ? [`the step of ${plugin} cannot be undone, and is not marked so`]
      : []),
    ...(isSameJson(drain, expected) ? [] : [`${plugin} is not drained as the policy says`]),
  ];
}

const isOneOf = (told: Step["to"], known: readonly (GenerationPlugin | undefined)[]): boolean =>
  told === undefined || known.some((each) => each?.content === told.content && each.version === told.version);
