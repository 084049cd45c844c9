import type { EventChannel, RuntimeEvent } from "../supervision/events.ts";
import type { Dependencies } from "./dependencies.ts";
import {
  afterFailure,
  afterRecovery,
  alertsDue,
  type Branch,
  type Incidents,
  type IncidentSummary,
  NO_INCIDENTS,
  type Failed,
  type Recovered,
  summaryOf,
  treeOf,
} from "./incidents.ts";

/** Milliseconds in which what one cause triggers comes together, before anybody is alerted. */
const SETTLE_MS = 1000;

interface Watching {
  readonly events: EventChannel;
  /** Asked when something fails: the set may be another by then. */
  readonly dependencies: () => Dependencies;
  readonly settleMs?: number;
}

/** An incident as it stands. It is over where `forMs` is known. */
export interface IncidentReport extends IncidentSummary {
  /** Milliseconds since the epoch. */
  readonly openedMs: number;
  readonly tree: Branch;
}

/** Makes incidents of what happens in a runtime, and tells of each one once: when it is one, and when it is over. */
export class IncidentLog {
  readonly #watching: Required<Watching>;
  readonly #endListening: () => void;
  #incidents: Incidents = NO_INCIDENTS;
  #timer: NodeJS.Timeout | undefined;

  constructor({ settleMs = SETTLE_MS, ...watching }: Watching) {
    this.#watching = { ...watching, settleMs };
    this.#endListening = watching.events.listen((event) => this.#hear(event));
  }

  /** Those that go on, then those that are over, each group the oldest first. */
  reports(): readonly IncidentReport[] {
    const { open, closed } = this.#incidents;
    return [...open, ...closed].map((incident) => ({
      ...summaryOf(incident),
      openedMs: incident.openedMs,
      tree: treeOf(incident, this.#watching.dependencies()),
    }));
  }

  close(): void {
    this.#endListening();
    clearTimeout(this.#timer);
  }

  #hear(event: RuntimeEvent): void {
    const signals = signalsOf(event);
    if (signals.length === 0) return;
    const before = this.#incidents.closed.at(-1);
    const { dependencies, settleMs } = this.#watching;
    for (const signal of signals) {
      this.#incidents =
        signal.kind === "failed"
          ? afterFailure(this.#incidents, signal, { dependencies: dependencies(), settleMs })
          : afterRecovery(this.#incidents, signal);
    }
    this.#alert(event.atMs);
    const over = this.#incidents.closed.at(-1);
    if (over && over.id !== before?.id)
      this.#watching.events.tell({ event: "incident-over", ...summaryOf(over) });
  }

  #alert(nowMs: number): void {
    const { incidents, alerts } = alertsDue(this.#incidents, nowMs, this.#watching.settleMs);
    this.#incidents = incidents;
    for (const each of alerts) this.#watching.events.tell({ event: "incident", ...summaryOf(each) });
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const next = incidents.open.find(({ isAlerted }) => !isAlerted);
    if (!next) return;
    const dueMs = next.openedMs + this.#watching.settleMs;
    this.#timer = setTimeout(() => this.#alert(dueMs), Math.max(0, dueMs - nowMs));
    this.#timer.unref();
  }
}

function signalsOf(event: RuntimeEvent): readonly (Failed | Recovered)[] {
  const { atMs } = event;
  if (event.event === "crashed") {
    const { facets, code, reason: message } = event;
    return facets.map((facet) => ({ kind: "failed", facet, atMs, code, message }));
  }
  if (event.event !== "facet") return [];
  const about = { facet: event.facet, atMs };
  const { state } = event;
  switch (state.state) {
    case "failed":
    case "restarting":
    case "quarantined":
      return [{ kind: "failed", ...about, code: state.error.code, message: state.error.message }];
    case "blocked":
      return [
        {
          kind: "failed",
          ...about,
          code: "BLOCKED",
          message: `${state.by} is not ready`,
          isConsequence: true,
        },
      ];
    case "degraded":
      return [{ kind: "failed", ...about, code: "DEGRADED", message: state.reason, isConsequence: true }];
    case "ready":
    case "stopped":
      return [{ kind: "well", ...about }];
    case "waiting":
    case "starting":
    case "draining":
    case "stopping":
      return [];
    default:
      return state satisfies never;
  }
}
