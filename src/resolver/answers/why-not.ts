import { byText } from "../../domain/by-text.ts";
import type { PluginName } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";
import { isStable } from "../rules/ranges.ts";
import type { ResolveRequest } from "../rules/request.ts";
import { Session } from "../session.ts";
import { conflictOf, factsOf, type Conflict } from "./conflict.ts";

/** What came of asking for one version of a plugin beside all that a deployment asks for. */
export type WhyNot =
  /** Nothing holds it back: it is part of this set, in name order. */
  | { readonly kind: "possible"; readonly plugins: readonly Candidate[] }
  | { readonly kind: "held-back"; readonly conflict: Conflict }
  | { readonly kind: "gave-up"; readonly steps: number };

/** Why a version is not in the set: the proof that nothing else can give way, or a set that has it. */
export function whyNot(request: ResolveRequest, name: PluginName, version: string): WhyNot {
  const session = new Session(request);
  const requirements = asking(session, name, version);
  const answer = session.solve(requirements, { left: request.stepBudget }, true);
  switch (answer.kind) {
    case "found":
      return { kind: "possible", plugins: session.chosen(answer) };
    case "none": {
      const budget = { left: request.stepBudget };
      return { kind: "held-back", conflict: conflictOf({ session, requirements, budget }) };
    }
    case "gave-up":
      return { kind: "gave-up", steps: request.stepBudget };
    default:
      return answer satisfies never;
  }
}

/** A plugin for which the store has something newer. */
export interface Outdated {
  readonly name: PluginName;
  readonly version: string;
  /** The newest version that the deployment can have. */
  readonly possible: string;
  /** The newest version of all, pre-releases only where one is in use. */
  readonly newest: string;
  /** What holds the newest version back: the deployment, or plugins; empty where nothing does. */
  readonly heldBy: readonly string[];
}

/**
 * The chosen plugins for which the store has a newer version, in name order.
 *
 * @param chosen Versions by plugin, as locked.
 */
export function outdated(
  request: ResolveRequest,
  chosen: ReadonlyMap<PluginName, string>,
): readonly Outdated[] {
  const session = new Session(request);
  const budget = { left: request.stepBudget };
  return [...chosen]
    .toSorted(([a], [b]) => byText(a, b))
    .flatMap(([name, version]) => {
      const newer = newerThan(session, name, version);
      const [newest] = newer;
      if (newest === undefined) return [];
      const isPossible = (other: string) =>
        session.solve(asking(session, name, other), budget).kind === "found";
      const possible = newer.find(isPossible) ?? version;
      const heldBy = possible === newest ? [] : holders(session, name, newest);
      return [{ name, version, possible, newest, heldBy }];
    });

  function holders(from: Session, name: PluginName, version: string): readonly string[] {
    const requirements = asking(from, name, version);
    if (from.solve(requirements, budget).kind !== "none") return [];
    const facts = factsOf({ session: from, requirements, budget });
    const speakers = facts.map(({ by }) => (typeof by === "string" ? by : by.plugin));
    return [...new Set(speakers)].filter((speaker) => speaker !== "question" && speaker !== name);
  }
}

/** The deployment's requirements, and a version that is asked about. */
const asking = ({ catalog }: Session, name: PluginName, version: string) => [
  ...catalog.request.requirements,
  { name, range: `=${version}`, isQuestion: true as const },
];

/** The newest first. */
function newerThan({ catalog }: Session, name: PluginName, version: string): readonly string[] {
  const listing = catalog.listing(name);
  if (!listing) return [];
  const place = listing.candidates.findIndex(({ manifest }) => manifest.version === version);
  const current = listing.versions[place];
  return listing.candidates
    .filter((candidate, i) => {
      const own = listing.versions[i];
      const counts = own !== undefined && (isStable(own) || (current !== undefined && !isStable(current)));
      return i > place && counts && !catalog.obstacle(candidate);
    })
    .map(({ manifest }) => manifest.version)
    .toReversed();
}
