import type { Metric } from "../../domain/manifest.ts";
import { familyName } from "../../domain/metric-names.ts";
import { BUCKETS, HISTOGRAM_SLOTS } from "./histogram.ts";
import type { Place } from "./shard.ts";

/** Numbers of one series in one thread. */
export interface Part extends Place {
  /** Of the thread that records them; those of a process are replaced as they arrive. */
  readonly chunks: readonly Float64Array[];
}

/** One series of a family: what all threads recorded, those included that have ended. */
export class Entry {
  readonly labels: readonly string[];
  #parts: readonly Part[] = [];
  #ended: Float64Array | undefined;

  constructor(labels: readonly string[]) {
    this.labels = labels;
  }

  add(part: Part): void {
    this.#parts = [...this.#parts, part];
  }

  /** Keeps what a thread that has ended had recorded: counts never fall. */
  end(part: Part, width: number): void {
    this.#parts = this.#parts.filter((each) => each !== part);
    this.#ended ??= new Float64Array(width);
    addTo(this.#ended, part);
  }

  /** Of a gauge: what the newest thread says; `undefined` once all have ended. */
  get newest(): number | undefined {
    const part = this.#parts.at(-1);
    return part && (part.chunks[part.chunk]?.[part.offset] ?? 0);
  }

  /** Of a counter. */
  get total(): number {
    let total = this.#ended?.[0] ?? 0;
    for (const { chunks, chunk, offset } of this.#parts) total += chunks[chunk]?.[offset] ?? 0;
    return total;
  }

  /** Of a histogram: its buckets and, behind them, the sum. Not to be written, and true only until the next turn. */
  get slots(): Float64Array {
    const [only, ...others] = this.#parts;
    if (only && others.length === 0 && !this.#ended) {
      return (only.chunks[only.chunk] ?? NOTHING).subarray(only.offset, only.offset + HISTOGRAM_SLOTS);
    }
    const merged = this.#ended?.slice() ?? new Float64Array(HISTOGRAM_SLOTS);
    for (const part of this.#parts) addTo(merged, part);
    return merged;
  }
}

const NOTHING = new Float64Array(HISTOGRAM_SLOTS);

function addTo(target: Float64Array, { chunks, chunk, offset }: Part): void {
  const slots = chunks[chunk];
  if (!slots) return;
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + (slots[offset + i] ?? 0);
}

/** A metric, as one or several owners record it. */
export class Family {
  readonly metric: Metric;
  readonly help: string;
  /** As Prometheus names it, without `_total`. */
  readonly name: string;
  /** Labels of every series: those of its place in the hierarchy first. */
  readonly labelNames: readonly string[];
  readonly entries = new Map<string, Entry>();

  constructor(metric: Metric, labelNames: readonly string[], help: string) {
    this.metric = metric;
    this.help = help;
    this.name = familyName(metric);
    this.labelNames = labelNames;
  }

  entry(labels: readonly string[]): Entry {
    const key = labels.join("\0");
    const known = this.entries.get(key);
    if (known) return known;
    const entry = new Entry(labels);
    this.entries.set(key, entry);
    return entry;
  }

  read(): Reading {
    const { metric, help, name, labelNames } = this;
    const samples = [...this.entries.values()].flatMap((entry): Sample[] => {
      const { labels } = entry;
      if (metric.type === "counter") return [{ labels, value: entry.total }];
      if (metric.type === "histogram") {
        const slots = entry.slots.slice();
        return [{ labels, value: slots[BUCKETS] ?? 0, buckets: slots.subarray(0, BUCKETS) }];
      }
      return entry.newest === undefined ? [] : [{ labels, value: entry.newest }];
    });
    return { metric, help, name, labelNames, samples };
  }
}

/** What a series says. */
export interface Sample {
  readonly labels: readonly string[];
  /** Of a histogram: the sum of what was recorded. */
  readonly value: number;
  readonly buckets?: Float64Array;
}

/** A family as it stands. */
export interface Reading {
  readonly metric: Metric;
  readonly help: string;
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly samples: readonly Sample[];
}
