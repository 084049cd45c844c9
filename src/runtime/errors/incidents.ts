import type { FacetId } from "../../domain/ids.ts";
import { isSamePlugin, needsOf, type Dependencies } from "./dependencies.ts";

/** A facet does not serve. Times are milliseconds of one clock. */
export interface Failed {
  readonly kind: "failed";
  readonly facet: FacetId;
  readonly atMs: number;
  readonly code: string;
  readonly message: string;
  /** Only what follows from something: it joins an incident, and makes none. */
  readonly isConsequence?: boolean;
  /** Of the call that it failed in, where it did: what fails in one call belongs together. */
  readonly correlation?: string;
}

/** A facet serves again, or is not meant to any longer. */
export interface Recovered {
  readonly kind: "well";
  readonly facet: FacetId;
  readonly atMs: number;
}

/** One facet of an incident. */
interface Failure {
  readonly facet: FacetId;
  readonly atMs: number;
  /** As it failed first. */
  readonly code: string;
  readonly message: string;
  readonly correlation?: string;
  readonly wellAtMs?: number;
}

/** A failure and all that it triggered. */
export interface Incident {
  readonly id: number;
  readonly openedMs: number;
  /** The root cause, as far as it is known. */
  readonly root: FacetId;
  /** By facet, in the order in which they were told. */
  readonly failures: ReadonlyMap<FacetId, Failure>;
  readonly isAlerted: boolean;
  /** When the last of it was well again. */
  readonly closedMs?: number;
}

export interface Incidents {
  readonly nextId: number;
  readonly open: readonly Incident[];
  /** The last ones that are over, the oldest first. */
  readonly closed: readonly Incident[];
}

export const NO_INCIDENTS: Incidents = { nextId: 1, open: [], closed: [] };

/** Incidents that are remembered once they are over. */
const REMEMBERED = 100;

export interface Correlating {
  readonly dependencies: Dependencies;
  /**
   * Milliseconds for which a root cause may be told after what it triggers: a caller often notices first. An incident
   * is alerted about when they have passed, or when it is over.
   */
  readonly settleMs: number;
}

/** The incidents after a failure. In whatever order those of one cause arrive, they end up in one. */
export function afterFailure(
  incidents: Incidents,
  { isConsequence = false, ...signal }: Failed,
  correlating: Correlating,
): Incidents {
  const { facet, atMs, code, message, correlation } = signal;
  const failure: Failure = { facet, atMs, code, message, ...(correlation !== undefined && { correlation }) };
  const joined =
    incidents.open.find(({ failures }) => failures.has(facet)) ?? causeOf(incidents, failure, correlating);
  if (!joined && isConsequence) return incidents;
  const { nextId } = incidents;
  const incident = joined ?? {
    id: nextId,
    openedMs: atMs,
    root: facet,
    failures: new Map(),
    isAlerted: false,
  };
  const others = incidents.open.filter((each) => each !== joined);
  const triggered = others.filter((other) => isTriggeredBy(other, failure, correlating));
  const first = incident.failures.get(facet);
  const again: Failure = first?.wellAtMs === undefined ? (first ?? failure) : failure;
  const merged = [incident, ...triggered].toSorted((a, b) => a.id - b.id);
  const whole: Incident = {
    // Who was told of the first of them need not be told again.
    id: merged[0]?.id ?? incident.id,
    openedMs: Math.min(...merged.map(({ openedMs }) => openedMs)),
    root: incident.root,
    failures: new Map([...merged.flatMap(({ failures }) => [...failures]), [facet, again]]),
    isAlerted: merged.some(({ isAlerted }) => isAlerted),
  };
  const open = [...others.filter((each) => !triggered.includes(each)), whole].toSorted((a, b) => a.id - b.id);
  return { ...incidents, open, nextId: joined ? nextId : nextId + 1 };
}

/** The open incident that a failure follows from: that of the nearest thing it needs which does not serve, or just did not. */
function causeOf(
  { open }: Incidents,
  failure: Failure,
  { dependencies, settleMs }: Correlating,
): Incident | undefined {
  const { facet, atMs, correlation } = failure;
  const isFresh = ({ wellAtMs }: Failure): boolean => wellAtMs === undefined || atMs - wellAtMs <= settleMs;
  const sharing = (isLinked: (other: Failure) => boolean): Incident | undefined =>
    open.find(({ failures }) => failures.values().some((other) => isFresh(other) && isLinked(other)));
  const sibling = sharing((other) => isSamePlugin(other.facet, facet));
  if (sibling) return sibling;
  for (const needed of needsOf(facet, dependencies)) {
    const cause = sharing((other) => other.facet === needed);
    if (cause) return cause;
  }
  return correlation === undefined ? undefined : sharing((other) => other.correlation === correlation);
}

/** Whether a young incident is what a failure triggered: its root needs what failed. */
function isTriggeredBy(
  { root, openedMs }: Incident,
  { facet, atMs }: Failure,
  { dependencies, settleMs }: Correlating,
): boolean {
  if (atMs - openedMs > settleMs) return false;
  return isSamePlugin(root, facet) || needsOf(root, dependencies).includes(facet);
}

/** The incidents after a facet serves again: with the last of an incident that is over. */
export function afterRecovery(incidents: Incidents, { facet, atMs }: Recovered): Incidents {
  const incident = incidents.open.find(({ failures }) => failures.has(facet));
  const failure = incident?.failures.get(facet);
  if (!incident || !failure || failure.wellAtMs !== undefined) return incidents;
  const failures = new Map(incident.failures).set(facet, { ...failure, wellAtMs: atMs });
  const isOver = failures.values().every(({ wellAtMs }) => wellAtMs !== undefined);
  const others = incidents.open.filter((each) => each !== incident);
  if (!isOver) {
    const open = [...others, { ...incident, failures }].toSorted((a, b) => a.id - b.id);
    return { ...incidents, open };
  }
  const closed = [...incidents.closed, { ...incident, failures, closedMs: atMs }].slice(-REMEMBERED);
  return { ...incidents, open: others, closed };
}

/** Marks what is to be alerted about by now. Each incident is alerted about once, whatever it grows to. */
export function alertsDue(
  incidents: Incidents,
  nowMs: number,
  settleMs: number,
): { readonly incidents: Incidents; readonly alerts: readonly Incident[] } {
  const isDue = ({ isAlerted, openedMs, closedMs }: Incident): boolean =>
    !isAlerted && (closedMs !== undefined || nowMs - openedMs >= settleMs);
  const { open, closed } = incidents;
  const alerts = [...closed, ...open].filter(isDue).map(alerted);
  if (alerts.length === 0) return { incidents, alerts };
  const mark = (each: Incident): Incident => (isDue(each) ? alerted(each) : each);
  return { incidents: { ...incidents, open: open.map(mark), closed: closed.map(mark) }, alerts };
}

const alerted = (incident: Incident): Incident => ({ ...incident, isAlerted: true });

/** What is told of an incident. */
export interface IncidentSummary {
  readonly incident: number;
  readonly root: Incident["root"];
  readonly code: string;
  readonly reason: string;
  /** How many facets failed or could not go on. */
  readonly failures: number;
  /** Milliseconds that it went on, once it is over. */
  readonly forMs?: number;
}

export function summaryOf({ id, root, failures, openedMs, closedMs }: Incident): IncidentSummary {
  const { code, message: reason } = rootOf({ root, failures });
  const about = { incident: id, root, code, reason, failures: failures.size };
  return closedMs === undefined ? about : { ...about, forMs: closedMs - openedMs };
}

function rootOf({ root, failures }: Pick<Incident, "root" | "failures">): Failure {
  const failure = failures.get(root);
  if (!failure) throw new TypeError(`an incident without its root ${root}`);
  return failure;
}

/** A failure, with what it triggered. */
export interface Branch extends Failure {
  readonly triggered: readonly Branch[];
}

/** An incident as a tree from its root cause: each failure below the nearest one that it follows from. */
export function treeOf({ root, failures }: Incident, dependencies: Dependencies): Branch {
  const waiting = new Map([...failures].filter(([facet]) => facet !== root));
  const parentOf = (facet: FacetId): FacetId | undefined =>
    needsOf(facet, dependencies).find((needed) => failures.has(needed));
  const below = (parent: FacetId): Branch[] => {
    const triggered = [...waiting.values()].filter(({ facet }) => parentOf(facet) === parent);
    for (const { facet } of triggered) waiting.delete(facet);
    return triggered.map((failure) => ({ ...failure, triggered: below(failure.facet) }));
  };
  const triggered = below(root);
  // What is linked by its plugin or by a call only, or in a circle.
  for (const failure of waiting.values()) {
    waiting.delete(failure.facet);
    triggered.push({ ...failure, triggered: below(failure.facet) });
  }
  return { ...rootOf({ root, failures }), triggered };
}
