import { TradsysError } from "../../domain/errors.ts";
import type { Metric } from "../../domain/manifest.ts";
import type { Counter, Gauge, Histogram, Labels, Metrics } from "../../plugin/define.ts";
import { BUCKETS, bucketOf, HISTOGRAM_SLOTS } from "./histogram.ts";
import { Shard, type Place } from "./shard.ts";

/** Series of one metric of one plugin. What comes beyond is counted together, under the label values `overflow`. */
export const MAX_SERIES = 500;

export const OVERFLOW = "overflow";

/** Values of one metric under one set of labels. */
export interface Series extends Place {
  /** Index among the metrics that the recorder was made with. */
  readonly metric: number;
  /** In the order in which the metric declares its labels. */
  readonly labels: readonly string[];
}

/** A thread's own part of the metrics of one owner. */
export interface Recording {
  readonly owner: string;
  readonly metrics: readonly Metric[];
  readonly shard?: Shard;
  /** Told of each series once it has its place. */
  readonly onSeries?: (series: Series) => void;
  /** Told each time that labels come to the overflow series. */
  readonly onOverflow?: (metric: string) => void;
}

type Instrument = SlotCounter | SlotGauge | SlotHistogram;

/** Records the metrics of one owner, and no others. */
export class Recorder implements Metrics {
  readonly shard: Shard;
  readonly #recording: Recording;
  readonly #index: ReadonlyMap<string, number>;
  readonly #known = new Map<string, Instrument>();
  readonly #sizes: number[];

  constructor(recording: Recording) {
    this.#recording = recording;
    this.shard = recording.shard ?? new Shard();
    this.#index = new Map(recording.metrics.map(({ name }, i) => [name, i]));
    this.#sizes = recording.metrics.map(() => 0);
  }

  counter(name: string, labels: Labels = {}): Counter {
    return this.#instrument(name, labels, "counter") as SlotCounter;
  }

  gauge(name: string, labels: Labels = {}): Gauge {
    return this.#instrument(name, labels, "gauge") as SlotGauge;
  }

  histogram(name: string, labels: Labels = {}): Histogram {
    return this.#instrument(name, labels, "histogram") as SlotHistogram;
  }

  /** One whose values may stand for several. */
  weighted(name: string, labels: Labels): { record(value: number, weight: number): void } {
    return this.#instrument(name, labels, "histogram") as SlotHistogram;
  }

  #instrument(name: string, labels: Labels, type: Metric["type"]): Instrument {
    const index = this.#index.get(name) ?? -1;
    const metric = this.#recording.metrics[index];
    if (metric?.type !== type) throw undeclared(this.#recording.owner, name, type);
    const values = valuesOf(metric, labels);
    const key = `${index}\0${values.join("\0")}`;
    return this.#known.get(key) ?? this.#open(index, key, values);
  }

  #open(index: number, key: string, values: readonly string[]): Instrument {
    const metric = this.#recording.metrics[index];
    const size = this.#sizes[index] ?? 0;
    if (size >= MAX_SERIES && values.some((value) => value !== OVERFLOW)) {
      const { name = "", labels = [] } = metric ?? {};
      this.#recording.onOverflow?.(name);
      const overflow = labels.map(() => OVERFLOW);
      const overflowKey = `${index}\0${overflow.join("\0")}`;
      return this.#known.get(overflowKey) ?? this.#open(index, overflowKey, overflow);
    }
    this.#sizes[index] = size + 1;
    const type = metric?.type ?? "counter";
    const place = this.shard.take(type === "histogram" ? HISTOGRAM_SLOTS : 1);
    const instrument = new INSTRUMENTS[type](this.shard.slots(place.chunk), place.offset);
    this.#known.set(key, instrument);
    this.#recording.onSeries?.({ ...place, metric: index, labels: values });
    return instrument;
  }
}

/** @throws {TradsysError} `METRIC_INVALID` for labels that are not exactly the declared ones. */
function valuesOf({ name, labels }: Metric, given: Labels): string[] {
  const values = labels.map((label) => given[label]);
  if (values.every((value) => typeof value === "string") && Object.keys(given).length === labels.length)
    return values;
  throw new TradsysError(
    "METRIC_INVALID",
    `${name} has the labels ${labels.join(", ") || "none"}, and was given ${Object.keys(given).join(", ") || "none"}`,
    { hint: "Give a text for each label that the manifest declares, and no other." },
  );
}

const undeclared = (owner: string, name: string, type: string): TradsysError =>
  new TradsysError("METRIC_INVALID", `${owner} declares no ${type} ${name}`, {
    hint: "Declare it in the manifest, under `metrics`.",
  });

class SlotCounter implements Counter {
  readonly #slots: Float64Array;
  readonly #at: number;

  constructor(slots: Float64Array, at: number) {
    this.#slots = slots;
    this.#at = at;
  }

  add(amount = 1): void {
    // A counter never falls, and stays a number.
    if (amount >= 0) this.#slots[this.#at] = (this.#slots[this.#at] ?? 0) + amount;
  }
}

class SlotGauge implements Gauge {
  readonly #slots: Float64Array;
  readonly #at: number;

  constructor(slots: Float64Array, at: number) {
    this.#slots = slots;
    this.#at = at;
  }

  set(value: number): void {
    this.#slots[this.#at] = value;
  }
}

class SlotHistogram implements Histogram {
  readonly #slots: Float64Array;
  readonly #at: number;

  constructor(slots: Float64Array, at: number) {
    this.#slots = slots;
    this.#at = at;
  }

  record(value: number, weight = 1): void {
    // What is no size has no bucket, and would spoil the sum for ever.
    if (!(value >= 0 && value < Infinity)) return;
    const slots = this.#slots;
    const bucket = this.#at + bucketOf(value);
    const sum = this.#at + BUCKETS;
    slots[bucket] = (slots[bucket] ?? 0) + weight;
    slots[sum] = (slots[sum] ?? 0) + value * weight;
  }
}

const INSTRUMENTS = { counter: SlotCounter, gauge: SlotGauge, histogram: SlotHistogram } as const;

/** Where a thread sends word of what it records: to the registry itself, or across to it. */
export interface Sink {
  series(series: Series): void;
  slots(chunk: number, slots: Float64Array): void;
  overflow(metric: string): void;
}

/** A recorder that tells where its numbers are, before it tells what they are. */
export function recorderFor(
  { owner, metrics }: Pick<Recording, "owner" | "metrics">,
  sink: Sink,
  shard = new Shard(),
): Recorder {
  let told = 0;
  return new Recorder({
    owner,
    metrics,
    shard,
    onSeries(series) {
      for (; told < shard.chunks.length; told++) sink.slots(told, shard.slots(told));
      sink.series(series);
    },
    onOverflow: (metric) => sink.overflow(metric),
  });
}
