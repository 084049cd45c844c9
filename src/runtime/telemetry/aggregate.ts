import type { Reading, Sample } from "./family.ts";

/** A level of the hierarchy, the widest first. */
export type Level = "platform" | "system" | "plugin" | "facet";

const LABELS = ["system", "plugin", "facet"] as const;
const DROPPED: Readonly<Record<Level, readonly string[]>> = {
  platform: LABELS,
  system: LABELS.slice(1),
  plugin: LABELS.slice(2),
  facet: [],
};

/** Sums the series of a family that are one at a level. Histograms have the same buckets everywhere, so they add up. */
export function aggregate(reading: Reading, level: Level): Reading {
  const dropped = DROPPED[level];
  const kept = reading.labelNames.flatMap((name, i) => (dropped.includes(name) ? [] : [i]));
  if (kept.length === reading.labelNames.length) return reading;
  const pick = (values: readonly string[]): string[] => kept.map((i) => values[i] ?? "");
  const groups = Map.groupBy(reading.samples, ({ labels }) => pick(labels).join("\0"));
  return {
    ...reading,
    labelNames: pick(reading.labelNames),
    samples: [...groups.values()].map((samples) => sumOf(samples, pick(samples[0]?.labels ?? []))),
  };
}

function sumOf(samples: readonly Sample[], labels: readonly string[]): Sample {
  const value = samples.reduce((sum, sample) => sum + sample.value, 0);
  const [first, ...others] = samples.flatMap(({ buckets }) => buckets ?? []);
  if (!first) return { labels, value };
  const buckets = first.slice();
  for (const other of others)
    for (const [i, count] of other.entries()) buckets[i] = (buckets[i] ?? 0) + count;
  return { labels, value, buckets };
}
