import { byText } from "../domain/by-text.ts";
import type { Binding } from "../domain/lock.ts";
import { bind, type BoundSet, type ChosenPlugin } from "./answers/bind.ts";
import { conflictOf, type Conflict } from "./answers/conflict.ts";
import type { Solution } from "./engine/optimise.ts";
import { isLocked, isLockIgnored, type ResolveRequest } from "./rules/request.ts";
import { Session } from "./session.ts";

export type { ResolveRequest };

export type ResolveOutcome =
  | Resolved
  | { readonly kind: "conflict"; readonly conflict: Conflict }
  | { readonly kind: "gave-up"; readonly steps: number };

interface Resolved extends BoundSet {
  readonly kind: "resolved";
  /** Whether it is proved that no set is better. */
  readonly optimal: boolean;
}

/**
 * Computes a set of plugins that meets every requirement.
 *
 * Complete and deterministic: if there is such a set one is found, and the order of the request does not
 * matter. `gave-up` says nothing about whether there is one. Where the set has to run on several platforms it is
 * one for all of them if that is possible, else one for each, with as little difference as can be. See `README.md`
 * in this folder.
 */
export function resolve(request: ResolveRequest): ResolveOutcome {
  const platforms = [...new Set(request.policy?.platforms)].toSorted(byText);
  const together = resolveOnce(request);
  if (together.kind !== "conflict" || platforms.length < 2) return together;

  const split = new Map<string, Resolved>();
  for (const platform of platforms) {
    const earlier = [...split.values()].flatMap(({ plugins }) => plugins);
    const outcome = resolveOnce({
      ...request,
      host: { ...request.host, platform },
      alsoFor: platforms,
      policy: { ...request.policy, platforms: [platform] },
      // What is locked comes first; then what another platform has.
      prefer: new Map([
        ...earlier.map(({ candidate: { manifest } }) => [manifest.name, manifest.version] as const),
        ...request.prefer,
      ]),
    });
    if (outcome.kind !== "resolved") return outcome;
    split.set(platform, outcome);
  }
  return join(split);
}

function resolveOnce(request: ResolveRequest): ResolveOutcome {
  const kept = resolveLocked(request);
  if (kept) return kept;
  const { stepBudget } = request;
  const session = new Session(request);
  const { requirements } = session.catalog.request;
  const answer = session.solve(requirements, { left: stepBudget }, true);
  switch (answer.kind) {
    case "found":
      return resolved(session, answer);
    case "none":
      return {
        kind: "conflict",
        conflict: conflictOf({ session, requirements, budget: { left: stepBudget } }),
      };
    case "gave-up":
      return { kind: "gave-up", steps: stepBudget };
    default:
      return answer satisfies never;
  }
}

/**
 * The locked set, where it holds as a whole: nothing is better, since no locked plugin goes or changes, and no other
 * version has to be looked at.
 */
function resolveLocked(request: ResolveRequest): Resolved | undefined {
  if (request.prefer.size === 0 || request.upgrade?.size || isLockIgnored(request)) return undefined;
  const candidates = request.candidates.filter((candidate) => isLocked(candidate, request));
  const session = new Session({ ...request, candidates });
  const { requirements } = session.catalog.request;
  const answer = session.solve(requirements, { left: request.stepBudget }, true);
  if (answer.kind !== "found") return undefined;
  const outcome = resolved(session, answer);
  return outcome.plugins.length === candidates.length ? outcome : undefined;
}

const resolved = (session: Session, solution: Solution): Resolved => ({
  kind: "resolved",
  optimal: solution.isOptimal,
  ...bind(session, solution),
});

/** One answer from those for each platform. What is not for all of them says which it is for. */
function join(split: ReadonlyMap<string, Resolved>): Resolved {
  const outcomes = [...split];
  const merge = <Item extends object>(
    itemsOf: (outcome: Resolved) => readonly Item[],
    keyOf: (item: Item) => string,
  ) =>
    [
      ...Map.groupBy(
        outcomes.flatMap(([platform, outcome]) => itemsOf(outcome).map((item) => ({ platform, item }))),
        ({ item }) => keyOf(item),
      ).entries(),
    ]
      .toSorted(([a], [b]) => byText(a, b))
      .flatMap(([, same]) => {
        const platforms = same.map(({ platform }) => platform);
        const [first] = same;
        return first
          ? [
              {
                items: same.map(({ item }) => item),
                item: first.item,
                ...(platforms.length < split.size ? { platforms } : {}),
              },
            ]
          : [];
      });

  return {
    kind: "resolved",
    optimal: outcomes.every(([, { optimal }]) => optimal),
    plugins: merge(
      ({ plugins }) => plugins,
      ({ candidate: { manifest } }) => `${manifest.name} ${manifest.version}`,
    ).map(({ items, item, platforms }): ChosenPlugin => ({
      candidate: item.candidate,
      requiredBy: [...new Set(items.flatMap(({ requiredBy }) => requiredBy))].toSorted(
        (a, b) => Number(b === "deployment") - Number(a === "deployment") || byText(a, b),
      ),
      ...(platforms ? { platforms } : {}),
    })),
    bindings: merge(
      ({ bindings }) => bindings,
      (binding) => JSON.stringify(binding),
    ).map(({ item, platforms }): Binding => ({ ...item, ...(platforms ? { platforms } : {}) })),
  };
}
