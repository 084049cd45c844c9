import { TradsysError } from "../domain/errors.ts";
import type { FacetId } from "../domain/ids.ts";
import type { GenerationFacet } from "../domain/plan.ts";
import type { FacetHandle, Log, PluginContext } from "../plugin/define.ts";
import { messageOf } from "./loading/evaluate.ts";
import type { LoadablePlugin, Loader } from "./loading/load.ts";
import type { PortRegistry } from "./ports.ts";
import type { Timeline } from "./report/timeline.ts";

/** One line that a plugin logged. */
export interface LogEntry {
  readonly level: keyof Log;
  /** `<name>@<version>`. */
  readonly plugin: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What the host gives to every plugin. */
export interface Host {
  readonly ports: PortRegistry;
  readonly secret: (name: string) => string | undefined;
  readonly log: (entry: LogEntry) => void;
  readonly loader: Loader;
  readonly timeline: Timeline;
}

interface Placement extends Host {
  /** The plugin's own facets, with the ports bound to each. */
  readonly facets: readonly GenerationFacet[];
  readonly signal: AbortSignal;
}

/**
 * One instance of a plugin: its code is loaded and activated at the first call, once, however many of its
 * facets ask at the same time.
 */
export function pluginInstance(
  plugin: LoadablePlugin,
  placement: Placement,
): () => Promise<ReadonlyMap<string, FacetHandle>> {
  let activated: Promise<ReadonlyMap<string, FacetHandle>> | undefined;
  return () => (activated ??= activate(plugin, placement));
}

async function activate(
  plugin: LoadablePlugin,
  placement: Placement,
): Promise<ReadonlyMap<string, FacetHandle>> {
  const label = `${plugin.name}@${plugin.version}`;
  const { loader, timeline } = placement;
  // Not awaited where it is there: loading then belongs to the turn of the event loop that it was given.
  const loaded = loader.load(plugin);
  const definition = loaded instanceof Promise ? await loaded : loaded;
  const context = contextFor(plugin, placement);
  const returned = await attempt(label, async () => {
    const fromMs = timeline.now();
    try {
      const handles = definition.activate(context);
      // Awaiting what is there already would count the turns of others.
      return isThenable(handles) ? await handles : handles;
    } finally {
      timeline.note({ phase: "activate", plugin: plugin.name, fromMs });
    }
  });
  const handles = new Map(Object.entries<FacetHandle | undefined>(returned ?? {}));
  const missing = Object.keys(plugin.bundle.manifest.facets).find((facet) => !handles.get(facet));
  if (missing === undefined) return handles as Map<string, FacetHandle>;
  throw new TradsysError("LOAD_FAILED", `${label} returns no handle for its facet ${missing}`, {
    hint: "`activate` returns an object with one member for each facet of the manifest.",
  });
}

const isThenable = <T>(value: T | Promise<T>): value is Promise<T> =>
  value instanceof Object && "then" in value;

/** What the host itself refused, a secret or a port, keeps its own code and hint. */
async function attempt<T>(label: string, activation: () => Promise<T>): Promise<T> {
  try {
    return await activation();
  } catch (cause) {
    if (cause instanceof TradsysError) throw cause;
    throw new TradsysError("LOAD_FAILED", `${label} failed to activate: ${messageOf(cause)}`, { cause });
  }
}

function contextFor(
  plugin: LoadablePlugin,
  { ports, facets, secret, log, signal }: Placement,
): PluginContext<Readonly<Record<string, unknown>>> {
  const { name, version, config, bundle } = plugin;
  const label = `${name}@${version}`;
  const { permissions } = bundle.manifest;
  return Object.freeze({
    plugin: Object.freeze({ name, version }),
    config: deepFreeze(structuredClone(config)),
    log: Object.freeze(logFor(label, log)),
    now: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
    secret(wanted: string) {
      const value = permissions.secrets.includes(wanted) ? secret(wanted) : undefined;
      if (value !== undefined) return value;
      throw new TradsysError(
        "SECRET_MISSING",
        permissions.secrets.includes(wanted)
          ? `${label} needs the secret ${wanted}, and the host has none of that name`
          : `${label} asked for the secret ${wanted}, which its manifest does not name`,
        {
          hint: "Secrets are named in permissions.secrets and given by the host, for example with --secrets DIR.",
        },
      );
    },
    ports: ports.accessFor(label, portsOf(facets)),
    signal,
  });
}

/** A plugin has one context, so its facets share what any of them is bound to. */
function portsOf(facets: readonly GenerationFacet[]): ReadonlyMap<string, readonly FacetId[]> {
  const bound = new Map<string, Set<FacetId>>();
  for (const facet of facets) {
    for (const [port, providers] of Object.entries(facet.ports)) {
      bound.set(port, new Set([...(bound.get(port) ?? []), ...providers]));
    }
  }
  return new Map([...bound].map(([port, providers]) => [port, [...providers].toSorted()]));
}

function logFor(plugin: string, log: (entry: LogEntry) => void): Log {
  const at =
    (level: keyof Log) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      log({ level, plugin, message, fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
