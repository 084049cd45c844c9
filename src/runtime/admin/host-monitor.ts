import { monitorEventLoopDelay } from "node:perf_hooks";

import type { FacetId } from "../../domain/ids.ts";
import { labelOf } from "../../domain/ids.ts";
import { systemOf } from "../../domain/manifest.ts";
import { mustServe } from "../boot-policy.ts";
import { reasonAgainst, type FacetState } from "../lifecycle/facet-state.ts";
import type { Observed } from "../runtime.ts";
import type { PluginStatus } from "../startable.ts";
import type { RuntimeEvent } from "../supervision/events.ts";
import { HOST_STATUS_API_VERSION, type HostStatus, type RunningPlugin } from "./host-status.ts";
import { metricsText } from "./metrics-text.ts";

/** Milliseconds between two looks at what plugins and the process use. */
const SAMPLE_MS = 1000;
/** Milliseconds between the timers whose lateness is the delay of the event loop. */
const RESOLUTION_MS = 20;

/**
 * Keeps what is known of a host, so that it can be told at any moment without asking anybody: from before its plugins
 * are verified until they have stopped. Keeps no process alive.
 */
export class HostMonitor {
  readonly #now: () => Date;
  readonly #startedAtMs: number;
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #sampling: NodeJS.Timeout;
  readonly #since = new Map<FacetId, { readonly state: FacetState["state"]; readonly atMs: number }>();
  readonly #crashes = new Map<string, number>();
  readonly #restarts = new Map<string, number>();
  readonly #memory = new Map<PluginStatus, number>();
  #observed: Observed | undefined;
  #phase: HostStatus["phase"] = "verifying";
  #eventLoopDelayMs = 0;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
    this.#startedAtMs = now().getTime();
    this.#delay.enable();
    this.#sampling = setInterval(() => this.#sample(), SAMPLE_MS).unref();
  }

  /** Hand this to `startRuntime` as `observe`. */
  readonly observe = (observed: Observed): void => {
    this.#observed = observed;
    this.#phase = "starting";
    observed.events.listen((event) => this.#take(event));
  };

  close(): void {
    clearInterval(this.#sampling);
    this.#delay.disable();
  }

  /** The same in numbers, with all that the runtime and its plugins record, in Prometheus' text format. */
  metrics(): string {
    return metricsText(this.status()) + (this.#observed?.telemetry.text() ?? "");
  }

  status(): HostStatus {
    const { rss, heapUsed } = process.memoryUsage();
    const observed = this.#observed;
    return {
      apiVersion: HOST_STATUS_API_VERSION,
      pid: process.pid,
      phase: this.#phase,
      atMs: this.#now().getTime(),
      startedAtMs: this.#startedAtMs,
      generation: observed?.digest ?? null,
      deployment: observed?.generation.deployment ?? null,
      notReady: this.#reasonsAgainst(observed),
      plugins: observed ? this.#plugins(observed) : [],
      process: { rssBytes: rss, heapUsedBytes: heapUsed, eventLoopDelayMs: this.#eventLoopDelayMs },
    };
  }

  #reasonsAgainst(observed: Observed | undefined): readonly string[] {
    if (!observed || this.#phase !== "running") return [`it is ${this.#phase}`];
    const states = observed.status();
    return observed.plugins
      .filter(mustServe)
      .flatMap(({ name }) => observed.instances().filter((instance) => instance.name === name))
      .flatMap(({ facets }) => facets)
      .flatMap((id) => {
        const state = states.get(id)?.state ?? "stopped";
        // What waits is started when it is first used.
        return ["ready", "degraded", "waiting"].includes(state) ? [] : [`${id} is ${state}`];
      });
  }

  #plugins(observed: Observed): readonly RunningPlugin[] {
    const kinds = new Map(observed.plugins.map(({ name, bundle }) => [name, bundle.manifest.kind]));
    const states = observed.status();
    return observed.instances().map((instance) => {
      const { name, version, content, level } = instance;
      const label = labelOf(instance);
      return {
        name,
        version,
        content,
        level,
        system: systemOf(kinds.get(name) ?? "adapter"),
        memoryBytes: this.#memory.get(instance) ?? null,
        crashes: this.#crashes.get(label) ?? 0,
        restarts: this.#restarts.get(label) ?? 0,
        facets: instance.facets.map((id) => {
          const state = states.get(id) ?? { state: "stopped" };
          const reason = state.state === "degraded" ? state.reason : reasonAgainst(id, state)?.message;
          return {
            id,
            state: state.state,
            sinceMs: this.#since.get(id)?.atMs ?? null,
            reason: reason ?? null,
          };
        }),
      };
    });
  }

  #take(event: RuntimeEvent): void {
    switch (event.event) {
      case "facet": {
        const { state } = event.state;
        // What only has another reason is where it was.
        if (this.#since.get(event.facet)?.state !== state) {
          this.#since.set(event.facet, { state, atMs: event.atMs });
        }
        break;
      }
      case "crashed":
        count(this.#crashes, event.plugin);
        break;
      case "restarting":
        count(this.#restarts, event.plugin);
        break;
      case "started":
        this.#phase = "running";
        break;
      case "stopping":
      case "stopped":
        this.#phase = event.event;
        break;
      default:
    }
  }

  #sample(): void {
    this.#eventLoopDelayMs = Math.max(0, this.#delay.max / 1e6 - RESOLUTION_MS);
    this.#delay.reset();
    const instances = this.#observed?.instances() ?? [];
    for (const gone of this.#memory.keys()) if (!instances.includes(gone)) this.#memory.delete(gone);
    for (const instance of instances) void this.#measure(instance);
  }

  /** One that does not answer keeps its last figure, and nobody waits for it. */
  async #measure(instance: PluginStatus): Promise<void> {
    const bytes = await instance.memoryBytes().catch(() => undefined);
    if (bytes === undefined) this.#memory.delete(instance);
    else this.#memory.set(instance, bytes);
  }
}

const count = (counts: Map<string, number>, key: string): void =>
  void counts.set(key, (counts.get(key) ?? 0) + 1);
