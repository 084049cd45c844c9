import type { PortTypes } from "./ports.ts";

/** A provider of a port that this facet is bound to. */
export interface Bound<Port> {
  /** The facet that provides it, `<plugin>#<facet>`. */
  readonly provider: string;
  readonly port: Port;
}

/** The ports that the plugin's facets require. Asking for any other throws `PORT_UNBOUND`. */
export interface PortAccess {
  /** The one provider. Throws `PORT_UNBOUND` while there is none. */
  one<Name extends keyof PortTypes>(name: Name): PortTypes[Name];
  /** Every provider, in facet order; empty where an optional port has none. */
  all<Name extends keyof PortTypes>(name: Name): readonly Bound<PortTypes[Name]>[];
}

export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * How much a facet does. `reduced`: what it must, with less memory: fewer symbols, shorter histories. `read-only`: it
 * answers and begins nothing. `off`: it serves nobody and holds as little as it can.
 */
export type Mode = "full" | "reduced" | "read-only" | "off";

/** How long the caller of a port waits, and what the call is part of. What is not said is as it is around it. */
export interface CallLimits {
  /** Milliseconds from now. An outer limit that is tighter holds. */
  readonly ms?: number;
  /** Gives up when it is aborted. */
  readonly signal?: AbortSignal;
  /** The trace to continue, a `traceparent` header of W3C Trace Context. One that is malformed ends the trace. */
  readonly traceparent?: string;
  /** 0 to 100, 50 where nobody says; lower is more urgent. */
  readonly priority?: number;
  /** For whom the call is made. With `correlation` at most 24 characters, of Latin-1. */
  readonly actor?: string;
  /** What else belongs to the same matter, an order's id for example. */
  readonly correlation?: string;
}

/** What the running code is part of: set by whoever waits for it, through any number of plugins. */
export interface CallScope {
  /** Aborted when nobody waits any longer. Pass it to whatever takes one, `fetch` for example. */
  readonly signal: AbortSignal;
  /** Milliseconds left; `Infinity` without a deadline. */
  readonly remainingMs: number;
  /** To continue the trace elsewhere, as the header `traceparent`. */
  readonly traceparent: string | undefined;
  readonly priority: number;
  /** Empty where nobody said it. Told, and not proved: no ground to allow anything. */
  readonly actor: string;
  readonly correlation: string;
}

/** A text for each label that the metric declares. */
export type Labels = Readonly<Record<string, string>>;

/** Only ever rises. */
export interface Counter {
  /** One, or so many; what is negative is not counted. */
  add(amount?: number): void;
}

export interface Gauge {
  set(value: number): void;
}

export interface Histogram {
  /** In the unit of the metric, not negative; what is no such number is left out. */
  record(value: number): void;
}

/**
 * The metrics that the manifest declares. Take an instrument once for its labels, and keep it: recording costs a few
 * nanoseconds, finding it a hundred. Throws `METRIC_INVALID` for what is not declared so.
 */
export interface Metrics {
  counter(name: string, labels?: Labels): Counter;
  gauge(name: string, labels?: Labels): Gauge;
  histogram(name: string, labels?: Labels): Histogram;
}

/** Everything the host gives a plugin. Plugins read no environment variable and no path of their own. */
export interface PluginContext<Config> {
  readonly plugin: { readonly name: string; readonly version: string };
  /** Validated against the plugin's config schema, and frozen. */
  readonly config: Readonly<Config>;
  readonly log: Log;
  /** Microseconds since the epoch. */
  readonly now: () => number;
  /** Values of the secrets that the manifest's `permissions.secrets` names. Throws `SECRET_MISSING`. */
  readonly secret: (name: string) => string;
  readonly ports: PortAccess;
  readonly metrics: Metrics;
  /** What bounds the port call that is being served. Without a caller's limit it never ends. */
  readonly scope: () => CallScope;
  /**
   * Runs work with a limit. The port calls inside are called off with it, wherever their providers run. Fails with
   * `TIMEOUT` or `CANCELLED`. A subscription is not bound by it: it ends when it is closed.
   */
  readonly limited: <T>(limits: CallLimits, work: () => Promise<T>) => Promise<T>;
  /**
   * Keeps the plugin as it is while memory is short, neither degraded nor unloaded: while it has open orders, for example.
   * Ends with what this returns, or with the plugin.
   */
  readonly pin: (reason: string) => () => void;
  /** Aborted when the plugin is asked to stop. */
  readonly signal: AbortSignal;
}

/** A value of a configuration that changes; absent on the side where there is none. */
export interface ConfigChange {
  /** JSON pointer of the value. */
  readonly pointer: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** One step of a change of configuration: every plugin that it concerns prepares, then all commit, or all undo. */
export type Reconfiguration<Config = Readonly<Record<string, unknown>>> =
  | {
      readonly step: "prepare";
      /** Validated against the plugin's config schema. */
      readonly config: Readonly<Config>;
      readonly changes: readonly ConfigChange[];
    }
  /** It holds from now on. */
  | { readonly step: "commit" }
  /** Somebody could not: what was holds again. Comes also to who has not prepared, or has committed already. */
  | { readonly step: "undo" };

/** A running part of a plugin. All members are optional: a facet that only computes has just `provides`. */
export interface FacetHandle {
  /** The ports it provides; reachable by others once `start` has resolved. */
  readonly provides?: Partial<PortTypes>;
  /**
   * Resolves when the facet is ready to serve. Runs after all it requires is ready, and again after `stop` where
   * something that it requires had gone and is back.
   */
  start?(): Promise<void> | void;
  /**
   * Takes over another configuration while it runs. Throws in `prepare` for one that it will not have. Without this
   * a plugin is exchanged for a new instance instead.
   */
  configure?(change: Reconfiguration): Promise<void> | void;
  /** Begins nothing new, while what is under way goes on. No new call reaches its ports any longer. */
  quiesce?(): Promise<void> | void;
  /** Resolves once what was under way has ended, calls to its ports aside: these have ended. Runs after `quiesce`. */
  drain?(): Promise<void> | void;
  /** What another instance needs to go on: plain data. Runs between calls, or after `drain`. */
  snapshot?(): unknown;
  /**
   * Takes over what a `snapshot` gave, of this version or one that `state.canRestoreFrom` names. Runs after `start`;
   * nobody reaches the facet before it resolves. Throws for a state that does not hold.
   */
  restore?(state: unknown): Promise<void> | void;
  /** What it lacks, where it serves with less than it should; nothing where all is well. Throws where it cannot serve. */
  health?(): Promise<string | undefined> | string | undefined;
  /** Gives back everything `start` took. Runs once for each `start`, also a failed one. */
  stop?(): Promise<void> | void;
  /**
   * Does from now on as much as the mode says, and gives back what that does not need. Called where memory is short, from
   * mode to mode, and back in the end. A facet without it is never asked.
   */
  degrade?(mode: Mode): Promise<void> | void;
}

export interface PluginDefinition<Config = Readonly<Record<string, unknown>>> {
  /**
   * Builds the plugin: one handle for each facet of the manifest. Does no I/O; that is what `start` is for.
   * Ports may be taken from the context here, and are bound by the time `start` runs.
   */
  activate(
    context: PluginContext<Config>,
  ): Readonly<Record<string, FacetHandle>> | Promise<Readonly<Record<string, FacetHandle>>>;
}

/** Types a plugin. The default export of an `entry` file. */
export const definePlugin = <Config>(definition: PluginDefinition<Config>): PluginDefinition<Config> =>
  definition;
