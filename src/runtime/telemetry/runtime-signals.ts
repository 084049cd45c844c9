import { parseFacetId, type FacetId } from "../../domain/ids.ts";
import { systemOf, type Manifest, type System } from "../../domain/manifest.ts";
import type { Counter, Labels } from "../../plugin/define.ts";
import type { FacetState } from "../lifecycle/facet-state.ts";
import type { RuntimeEvent } from "../supervision/events.ts";
import type { Level } from "./aggregate.ts";
import type { Reading } from "./family.ts";
import type { Recorder } from "./recorder.ts";
import { RUNTIME_METRICS } from "./runtime-metrics.ts";
import { Sampler } from "./sampler.ts";
import { Telemetry, type Source } from "./telemetry.ts";
import type { TextFormat } from "./text.ts";

/** The metrics of a running set: its own and those of its plugins. */
export interface RuntimeTelemetry {
  /** Everything as it stands, summed up to a level of the hierarchy; by default to none. */
  read(level?: Level): readonly Reading[];
  /** The same as text for Prometheus. What nobody has recorded yet is left out. */
  text(format?: TextFormat): string;
}

/** Meters the calls to one plugin. Costs a counter where a call is not measured. */
export interface CallMeter {
  /** What is handed to `ended` when the call has ended. */
  begun(): CallBegun;
  ended(call: CallBegun, error?: unknown): void;
}

interface CallBegun {
  /** Milliseconds, as `performance.now` tells them. */
  readonly atMs: number;
  /** How many calls this one stands for; 0 for one that is not measured. */
  readonly weight: number;
}

/** What is recorded for one instance of a plugin. */
export interface PluginSignals {
  /** Takes what its own thread records. */
  readonly source: Source;
  readonly calls: CallMeter;
}

/** Durations of calls that are measured, for each plugin and second. */
const MEASURED_PER_SECOND = 10_000;

const UNMEASURED: CallBegun = { atMs: 0, weight: 0 };

/** Records what happens in a runtime, in the one registry. */
export class RuntimeSignals implements RuntimeTelemetry {
  readonly #telemetry = new Telemetry();
  readonly #own: Recorder;
  readonly #systems = new Map<string, System>();
  readonly #startingSince = new Map<FacetId, number>();
  readonly #now: () => number;
  readonly #busy: Counter;

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
    this.#own = this.#telemetry.own("the runtime", RUNTIME_METRICS);
    this.#busy = this.#own.counter("tradsys_runtime_telemetry_busy_seconds_total");
    const memory = this.#own.gauge("tradsys_runtime_telemetry_memory_bytes");
    this.#telemetry.beforeReads(() => memory.set(this.#telemetry.memoryBytes + this.#own.shard.memoryBytes));
  }

  /**
   * Makes the metrics of plugins known, before any of their code runs.
   *
   * @throws {TradsysError} `METRIC_INVALID`, `METRIC_COLLISION`
   */
  declare(plugins: readonly Pick<Manifest, "kind" | "name" | "metrics">[]): void {
    for (const { kind, name, metrics } of plugins) {
      const system = systemOf(kind);
      this.#systems.set(name, system);
      this.#telemetry.declare({ system, plugin: name, metrics });
    }
  }

  /** For an instance of a plugin that was declared. */
  instance({ kind, name, metrics }: Pick<Manifest, "kind" | "name" | "metrics">): PluginSignals {
    const labels = { system: systemOf(kind), plugin: name };
    const overflow = (metric: string): void =>
      this.#own.counter("tradsys_runtime_metric_overflows_total", { ...labels, metric }).add();
    return {
      source: this.#telemetry.attach({ ...labels, metrics, overflow }),
      calls: this.#callMeter(labels),
    };
  }

  /** Counts what the channel of events tells. */
  note(event: RuntimeEvent): void {
    if (event.event === "facet") this.#noteState(event.facet, event.state.state);
  }

  read(level?: Level): readonly Reading[] {
    return this.#timed(() => this.#telemetry.read(level));
  }

  text(format?: TextFormat): string {
    return this.#timed(() => this.#telemetry.text(format));
  }

  #noteState(id: FacetId, state: FacetState["state"]): void {
    const { plugin = "", facet = "" } = parseFacetId(id) ?? {};
    const labels = { system: this.#systems.get(plugin) ?? "", plugin, facet };
    if (state === "starting") this.#startingSince.set(id, this.#now());
    else if (state === "failed")
      this.#own.counter("tradsys_runtime_facet_start_failures_total", labels).add();
    else if (state === "ready") {
      const since = this.#startingSince.get(id);
      if (since === undefined) return;
      this.#startingSince.delete(id);
      this.#own.counter("tradsys_runtime_facet_starts_total", labels).add();
      this.#own
        .histogram("tradsys_runtime_facet_start_duration_seconds", labels)
        .record((this.#now() - since) / 1000);
    }
  }

  #callMeter(labels: Labels): CallMeter {
    const calls = this.#own.counter("tradsys_runtime_calls_total", labels);
    const durations = this.#own.weighted("tradsys_runtime_call_duration_seconds", labels);
    const ratio = this.#own.gauge("tradsys_runtime_call_sampling_ratio", labels);
    const sampler = new Sampler(MEASURED_PER_SECOND, this.#now);
    this.#telemetry.beforeReads(() => {
      sampler.adapt();
      ratio.set(1 / sampler.weight);
    });
    return {
      begun: () => {
        calls.add();
        const weight = sampler.next();
        return weight === 0 ? UNMEASURED : { atMs: this.#now(), weight };
      },
      ended: ({ atMs, weight }, error) => {
        if (weight > 0) durations.record((this.#now() - atMs) / 1000, weight);
        if (error === undefined) return;
        this.#own.counter("tradsys_runtime_call_errors_total", { ...labels, code: codeOf(error) }).add();
      },
    };
  }

  #timed<T>(work: () => T): T {
    const began = this.#now();
    const result = work();
    this.#busy.add((this.#now() - began) / 1000);
    return result;
  }
}

/** Codes are short and few; what else an error calls itself is its plugin's own. */
function codeOf(error: unknown): string {
  const code: unknown = error instanceof Object && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{0,39}$/.test(code) ? code : "other";
}
