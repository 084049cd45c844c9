import { TradsysError, messageOf } from "../domain/errors.ts";
import { labelOf } from "../domain/ids.ts";
import type { Manifest } from "../domain/manifest.ts";
import type {
  FacetHandle,
  Log,
  Metrics,
  PluginContext,
  PluginDefinition,
  PortAccess,
} from "../plugin/define.ts";
import type { VerifiedPlugin } from "../store/verified-plugin.ts";
import { Cell, Home } from "./context/cell.ts";
import { callScopeIn, enter, limitedIn } from "./context/current.ts";

/** One line that a plugin logged. */
export interface LogEntry {
  readonly level: keyof Log;
  /** `<name>@<version>`. */
  readonly plugin: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a plugin is given where it runs, in the host's own thread or far from it. */
export interface Surroundings {
  readonly ports: PortAccess;
  readonly metrics: Metrics;
  /** Values of secrets, whether the manifest names them or not. */
  readonly secret: (name: string) => string | undefined;
  readonly log: (entry: LogEntry) => void;
  readonly signal: AbortSignal;
  /** Absent where nothing is ever taken from plugins. */
  readonly pin?: (reason: string) => () => void;
  /** In whose name its code runs. */
  readonly home: Home;
}

/** A plugin as far as activating it goes. */
export interface Activatable extends Pick<VerifiedPlugin, "name" | "version" | "config"> {
  readonly manifest: Manifest;
}

/**
 * Activates a plugin whose code is loaded: one handle for each of its facets.
 *
 * @throws {TradsysError} `LOAD_FAILED`, or what the host itself refused with its own code and hint.
 */
export async function activatePlugin(
  plugin: Activatable,
  definition: PluginDefinition,
  surroundings: Surroundings,
): Promise<ReadonlyMap<string, FacetHandle>> {
  const label = labelOf(plugin);
  const context = contextFor(plugin, surroundings);
  const cell = new Cell(surroundings.home);
  const returned = await attempt(label, async () => enter(cell, () => definition.activate(context)));
  const handles = new Map(
    Object.entries<FacetHandle | undefined>(returned ?? {}).map(([facet, handle]) => [
      facet,
      handle && enteredAs(cell, handle),
    ]),
  );
  const missing = Object.keys(plugin.manifest.facets).find((facet) => !handles.get(facet));
  if (missing === undefined) return handles as Map<string, FacetHandle>;
  throw new TradsysError("LOAD_FAILED", `${label} returns no handle for its facet ${missing}`, {
    hint: "`activate` returns an object with one member for each facet of the manifest.",
  });
}

/** What a plugin's code runs as. A leak is told in its name, where its author looks. */
export const homeFor = (plugin: string, log: Surroundings["log"]): Home =>
  new Home(plugin, (stack) =>
    log({
      level: "debug",
      plugin,
      message: "a context is used after its call has ended",
      fields: { stack },
    }),
  );

/** The same handle, whose methods run in the plugin's own name: so do the timers and promises that they make. */
const enteredAs = (cell: Cell, handle: FacetHandle): FacetHandle =>
  new Proxy(handle, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: readonly unknown[]): unknown => enter(cell, () => Reflect.apply(member, target, args));
    },
  });

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
  plugin: Activatable,
  { ports, metrics, secret, log, signal, home, pin = () => () => undefined }: Surroundings,
): PluginContext<Readonly<Record<string, unknown>>> {
  const { name, version, config, manifest } = plugin;
  const label = labelOf(plugin);
  const { permissions } = manifest;
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
    ports,
    metrics,
    scope: callScopeIn(home),
    limited: limitedIn(home),
    pin,
    signal,
  });
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
