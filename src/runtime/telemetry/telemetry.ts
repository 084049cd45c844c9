import { TradsysError } from "../../domain/errors.ts";
import type { Metric, System } from "../../domain/manifest.ts";
import { closesWithUnit, isSameMetric, takenNames } from "../../domain/metric-names.ts";
import { aggregate, type Level } from "./aggregate.ts";
import { type Entry, Family, type Part, type Reading } from "./family.ts";
import { HISTOGRAM_SLOTS } from "./histogram.ts";
import { MAX_SERIES, Recorder, type Series } from "./recorder.ts";
import type { DescribedMetric } from "./runtime-metrics.ts";
import { CHUNK_SLOTS } from "./shard.ts";
import { writeText, type TextFormat } from "./text.ts";

/** A plugin that records metrics. */
export interface MetricOwner {
  readonly system: System;
  readonly plugin: string;
  readonly metrics: readonly Metric[];
  /** Told each time that labels came to the overflow series of a metric. */
  readonly overflow?: (metric: string) => void;
}

interface Declaring {
  readonly owner: string;
  /** Labels that every series has before the metric's own. */
  readonly place: readonly string[];
  readonly help?: string;
}

/** Labels that say where in the hierarchy a series belongs. */
const PLACE = ["system", "plugin"] as const;

/** What one thread records, as the reader knows it. */
export interface Source {
  /** Takes note of a series. Anything may be sent where the thread is a plugin's. */
  series(sent: unknown): void;
  /** Takes note of where numbers are, or of how they stand now. */
  slots(chunk: unknown, slots: unknown): void;
  overflow(metric: unknown): void;
  /** The thread has ended: what it counted stays counted. */
  end(): void;
}

/** The one registry of a runtime: every metric of both systems, from every thread. */
export class Telemetry {
  readonly #families = new Map<string, Family>();
  readonly #taken = new Map<string, { readonly metric: Metric; readonly owner: string }>();
  readonly #beforeReads: (() => void)[] = [];
  readonly #chunks = new Set<readonly Float64Array[]>();

  /**
   * Makes the metrics of a plugin known, before any of its code runs.
   *
   * @throws {TradsysError} `METRIC_INVALID`, or `METRIC_COLLISION` with both owners for names that are one name once they
   *   are translated.
   */
  declare({ plugin, metrics }: MetricOwner): void {
    for (const metric of metrics) {
      const reserved = PLACE.find((label) => metric.labels.includes(label));
      if (reserved !== undefined)
        throw invalid(plugin, metric, `has the label ${reserved}, which every series has`);
      this.#declare({ owner: plugin, place: PLACE }, metric);
    }
  }

  /** Metrics of the host itself, which say themselves where they belong. @returns what records them. */
  own(owner: string, metrics: readonly DescribedMetric[]): Recorder {
    const families = metrics.map((metric) => this.#declare({ owner, place: [], help: metric.help }, metric));
    const recorder: Recorder = new Recorder({
      owner,
      metrics,
      onSeries: ({ metric, labels, chunk, offset }) =>
        families[metric]?.entry(labels).add({ chunks: recorder.shard.chunks, chunk, offset }),
    });
    return recorder;
  }

  /** Attaches a thread that records for a plugin whose metrics are declared. */
  attach({ system, plugin, metrics, overflow }: MetricOwner): Source {
    const chunks: Float64Array[] = [];
    this.#chunks.add(chunks);
    const held: { readonly entry: Entry; readonly part: Part; readonly width: number }[] = [];
    return {
      series: (sent) => {
        if (!isSeries(sent) || held.length >= (MAX_SERIES + 1) * metrics.length) return;
        const metric = metrics[sent.metric];
        const family = metric && this.#families.get(metric.name);
        if (!family || sent.labels.length !== metric.labels.length) return;
        const entry = family.entry([system, plugin, ...sent.labels]);
        const part = { chunks, chunk: sent.chunk, offset: sent.offset };
        entry.add(part);
        held.push({ entry, part, width: metric.type === "histogram" ? HISTOGRAM_SLOTS : 1 });
      },
      slots: (chunk, slots) => {
        if (!isIndex(chunk, held.length + 1) || !(slots instanceof Float64Array)) return;
        if (slots.length === CHUNK_SLOTS) chunks[chunk] = slots;
      },
      overflow: (name) => {
        if (metrics.some((metric) => metric.name === name)) overflow?.(String(name));
      },
      end: () => {
        this.#chunks.delete(chunks);
        for (const { entry, part, width } of held.splice(0)) entry.end(part, width);
      },
    };
  }

  /** Bytes that plugins' series take here or share with their threads. */
  get memoryBytes(): number {
    let bytes = 0;
    for (const chunks of this.#chunks) for (const { byteLength } of chunks) bytes += byteLength;
    return bytes;
  }

  /** Called before each read, for what is only looked up then. */
  beforeReads(work: () => void): void {
    this.#beforeReads.push(work);
  }

  /** Everything as it stands, summed up to a level of the hierarchy. */
  read(level: Level = "facet"): readonly Reading[] {
    for (const work of this.#beforeReads) work();
    return [...this.#families.values()].map((family) => aggregate(family.read(), level));
  }

  /** Everything as it stands, for Prometheus. Metrics nobody has recorded yet are left out. */
  text(format: TextFormat = "prometheus"): string {
    for (const work of this.#beforeReads) work();
    return writeText([...this.#families.values()], format);
  }

  #declare({ owner, place, help = `Recorded by ${owner}.` }: Declaring, metric: Metric): Family {
    if (!/^tradsys(?:_[a-z0-9]+){2,}$/.test(metric.name) || !closesWithUnit(metric)) {
      throw invalid(owner, metric, "is not named tradsys_<system>_<name>_<unit>");
    }
    for (const name of takenNames(metric)) {
      const other = this.#taken.get(name);
      if (!other || isSameMetric(other.metric, metric)) continue;
      throw new TradsysError(
        "METRIC_COLLISION",
        other.metric.name === metric.name
          ? `${owner} and ${other.owner} both record ${metric.name}, and mean different things`
          : `${metric.name} of ${owner} and ${other.metric.name} of ${other.owner} are one name, ${name}, to Prometheus or OpenTelemetry`,
        { hint: "Rename one of them, or make them agree." },
      );
    }
    for (const name of takenNames(metric)) this.#taken.set(name, this.#taken.get(name) ?? { metric, owner });
    const known = this.#families.get(metric.name);
    if (known) return known;
    const family = new Family(metric, [...place, ...metric.labels], help);
    this.#families.set(metric.name, family);
    return family;
  }
}

const invalid = (owner: string, { name }: Metric, why: string): TradsysError =>
  new TradsysError("METRIC_INVALID", `${name} of ${owner} ${why}`);

/** A label value longer than this says too much. */
const MAX_LABEL = 200;

const isIndex = (value: unknown, below: number): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < below;

function isSeries(sent: unknown): sent is Series {
  if (typeof sent !== "object" || sent === null) return false;
  const { metric, labels, chunk, offset } = sent as Partial<Series>;
  const isPlaced = isIndex(metric, 1e6) && isIndex(chunk, 1e6) && isIndex(offset, CHUNK_SLOTS);
  if (!isPlaced || !Array.isArray(labels)) return false;
  return labels.every((label) => typeof label === "string" && label.length <= MAX_LABEL);
}
