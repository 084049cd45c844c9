import type { HostStatus } from "./host-status.ts";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** What a host's status says in numbers, in Prometheus' text format 0.0.4. */
export function metricsText(status: HostStatus): string {
  const { plugins, process, notReady, atMs, startedAtMs } = status;
  const facets = plugins.flatMap((plugin) =>
    plugin.facets.map(({ id, state }) => ({ facet: id, plugin: plugin.name, state })),
  );
  return [
    gauge("tradsys_runtime_ready", "1 while everything that must serve does.", [
      [{}, notReady.length === 0 ? 1 : 0],
    ]),
    gauge("tradsys_runtime_uptime_seconds", "Time since the host was started.", [
      [{}, (atMs - startedAtMs) / 1000],
    ]),
    gauge("tradsys_runtime_resident_bytes", "Memory of the host's process.", [[{}, process.rssBytes]]),
    gauge("tradsys_runtime_heap_bytes", "Heap in use in the host's own thread.", [
      [{}, process.heapUsedBytes],
    ]),
    gauge("tradsys_runtime_event_loop_delay_seconds", "How late the host's timers were in the last second.", [
      [{}, process.eventLoopDelayMs / 1000],
    ]),
    gauge(
      "tradsys_runtime_facet_state",
      "1 for the state that each facet is in.",
      facets.map((labels): Sample => [labels, 1]),
    ),
    gauge(
      "tradsys_runtime_plugin_memory_bytes",
      "Memory of a plugin with a thread or process of its own.",
      plugins.flatMap(({ name, memoryBytes }): Sample[] =>
        memoryBytes === null ? [] : [[{ plugin: name }, memoryBytes]],
      ),
    ),
    counter(
      "tradsys_runtime_plugin_crashes_total",
      "Times that a plugin ended without being asked to.",
      plugins.map(({ name, crashes }): Sample => [{ plugin: name }, crashes]),
    ),
    counter(
      "tradsys_runtime_plugin_restarts_total",
      "Times that a plugin was started anew after it had ended.",
      plugins.map(({ name, restarts }): Sample => [{ plugin: name }, restarts]),
    ),
  ].join("");
}

const gauge = (name: string, help: string, samples: readonly Sample[]): string =>
  family({ name, help, type: "gauge" }, samples);

const counter = (name: string, help: string, samples: readonly Sample[]): string =>
  family({ name, help, type: "counter" }, samples);

/** A family without samples is left out. */
function family(
  { name, help, type }: { readonly name: string; readonly help: string; readonly type: string },
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return "";
  const lines = samples.map(([labels, value]) => `${name}${labelled(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

/** Names of plugins and facets hold nothing that would have to be escaped. */
function labelled(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
