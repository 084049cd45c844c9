import type { Diagnostic } from "../domain/diagnostic.ts";
import type { TradsysError } from "../domain/errors.ts";
import type { Digest, FacetId } from "../domain/ids.ts";
import type { Generation, GenerationFacet } from "../domain/plan.ts";
import type { Files } from "../platform/files.ts";
import type { CallLimits, PortAccess } from "../plugin/define.ts";
import type { VerifiedPlugin } from "../store/verified-plugin.ts";
import type { LogEntry } from "./activate-plugin.ts";
import type { Reconfigured } from "./config/reconfigure.ts";
import type { HostServices } from "./container/layout-of.ts";
import type { Locator } from "./container/service.ts";
import type { PluginFailure } from "./context/failures.ts";
import type { IncidentReport } from "./errors/incident-log.ts";
import type { Drift } from "./health/drift.ts";
import type { Health } from "./health/roll-up.ts";
import type { WatchOptions } from "./isolation/watch.ts";
import type { FacetState } from "./lifecycle/facet-state.ts";
import type { HostModules } from "./loading/plugin-require.ts";
import type { IsolationLevel } from "./place-plugin.ts";
import type { PortGuard } from "./ports.ts";
import type { PortPolicies } from "./recovery/port-guards.ts";
import type { StartReport } from "./report/start-report.ts";
import type { BufferOptions, BufferPool } from "./resources/buffer-pool.ts";
import type { PressureStatus } from "./resources/regulator.ts";
import type { PluginCrash, PluginStatus } from "./startable.ts";
import type { Clock } from "./supervision/clock.ts";
import type { RuntimeEvents } from "./supervision/events.ts";
import type { RestartPolicy } from "./supervision/restart-policy.ts";
import type { Swapped } from "./supervision/swap.ts";
import type { RuntimeTelemetry } from "./telemetry/runtime-signals.ts";

export interface PreloadOptions {
  /** The folder that `tradsys apply` activates generations in. */
  readonly root: string;
  /** Defaults to the real disk. */
  readonly files?: Files;
  /** Judges the validity of keys. Defaults to the system's clock. */
  readonly now?: () => Date;
}

export interface RuntimeOptions extends PreloadOptions, HostServices {
  /** Values of secrets by name. Defaults to none. */
  readonly secret?: (name: string) => string | undefined;
  /** Where plugins' log entries go. Defaults to nowhere. */
  readonly log?: (entry: LogEntry) => void;
  /** Calls the start off while it is under way: what was started is stopped again. Later it does nothing. */
  readonly signal?: AbortSignal;
  /** Packages for plugins that list them in `hostProvided`. */
  readonly hostModules?: HostModules;
  /** The host's own say over every port, before its policy: what no plugin can go around. */
  readonly gate?: PortGuard;
  /** Milliseconds until everything critical must be ready. Defaults to the time that each facet has for itself. */
  readonly limitMs?: number;
  /**
   * Milliseconds after ready until what makes the next start fast is made, where it is missing, by a process of low
   * priority. Defaults to 30 seconds.
   */
  readonly upkeepAfterMs?: number;
  /** Values of environment variables, for isolated plugins whose permissions name them. Defaults to none. */
  readonly env?: (name: string) => string | undefined;
  readonly isolation?: IsolationOptions;
  readonly supervision?: SupervisionOptions;
  /** How users of a port cope with its providers. Defaults to handing every call on as it is. */
  readonly policies?: PortPolicies;
  readonly resources?: ResourceOptions;
  /** Given what there is to see before anything starts. */
  readonly observe?: (observed: Observed) => void;
  /**
   * Told of what an inline plugin left uncaught in a timer, a listener or a promise. Without it such a failure ends
   * the process, as it does in Node.js; what no plugin is to blame for always does.
   */
  readonly onFailure?: (failure: PluginFailure) => void;
}

/** How much plugins may use together. */
export interface ResourceOptions {
  /** Reads what the kernel tells of this process, by path; `undefined` for nothing. Defaults to the real files. */
  readonly readKernelFile?: (path: string) => string | undefined;
  /** Milliseconds between two looks at the use of memory. Defaults to one second. */
  readonly sampleMs?: number;
  /**
   * Milliseconds without use after which a plugin whose thread or process has grown far beyond its beginning is
   * replaced by another instance of it. Defaults to one minute.
   */
  readonly recycleAfterMs?: number;
}

/** How plugins are looked after. */
export interface SupervisionOptions {
  /** How often what crashed is started anew. Defaults to 3 times within a minute, after 1, 2 and 4 seconds. */
  readonly restarts?: Partial<RestartPolicy>;
  /** Milliseconds between two looks at how every facet is. Defaults to 5 seconds. */
  readonly checkEveryMs?: number;
  /** Defaults to the machine's. */
  readonly clock?: Clock;
}

/** How plugins are kept apart. */
export interface IsolationOptions {
  /** The weakest isolation of any plugin here. What a manifest or the deployment asks for holds where it is stronger. */
  readonly floor?: IsolationLevel;
  /** Workers to keep ready, so that one more plugin does not wait for one. Defaults to none. */
  readonly spareWorkers?: number;
  readonly watching?: Partial<WatchOptions>;
  /** Told when an isolated plugin ended without being asked to; whoever waited for it has been told by then. */
  readonly onCrash?: (crash: PluginCrash) => void;
}

/** A verified set of plugins, nothing of it started. */
export interface Preloaded {
  readonly digest: Digest;
  readonly generation: Generation;
  readonly plugins: readonly VerifiedPlugin[];
  /** Bundles whose signatures do not suffice, under a policy that only warns of that. */
  readonly warnings: readonly Diagnostic[];
}

/** What can be seen of a set of plugins, from before it starts until it has stopped. */
export interface Observed {
  readonly digest: Digest;
  readonly generation: Generation;
  /** In the order of the generation. */
  readonly plugins: readonly VerifiedPlugin[];
  /** Where each facet stands, in the order of the generation. */
  status(): ReadonlyMap<FacetId, FacetState>;
  /** Where each plugin runs, in the order of `plugins`. */
  instances(): readonly PluginStatus[];
  /** What happens, from the start on. */
  readonly events: RuntimeEvents;
  /** How everything is, rolled up along what needs what. */
  health(): Health;
  /** How short of memory the platform is, and what is degraded for that. */
  pressure(): PressureStatus;
  /** Failures with all that they triggered: those that go on, then the last ones that are over. */
  incidents(): readonly IncidentReport[];
  /** Metrics of the runtime and of its plugins. */
  readonly telemetry: RuntimeTelemetry;
}

/** A running set of plugins. */
export interface Runtime extends Observed {
  readonly report: StartReport;
  /** As of `preload`. */
  readonly warnings: readonly Diagnostic[];
  /** Every port of every facet, for the host's own code. */
  readonly ports: PortAccess;
  /** What host and plugins provide, for a container of the host's own. It throws where there is no one provider. */
  readonly services: Locator;
  /** Runs the host's own work with a deadline or a signal, which hold for every port call inside. */
  readonly limited: <T>(limits: CallLimits, work: () => Promise<T>) => Promise<T>;
  /**
   * Starts what is loaded only when used, or tries again what failed. Using a port of it does the same.
   *
   * @throws {TradsysError} why it is not ready.
   */
  demand(facet: FacetId): Promise<void>;
  /**
   * Keeps a plugin as it is while memory is short, neither degraded nor unloaded: while it has open orders, for example.
   *
   * @param plugin `<name>@<version>`.
   * @returns Ends that, once.
   */
  pin(plugin: string, reason: string): () => void;
  /**
   * Buffers for the host's own code, all of one size, within the platform's budget. Those that nobody uses are given up as
   * memory becomes short.
   *
   * @param name Whose they are, for whoever looks at the ledger.
   */
  buffers(name: string, options: BufferOptions): BufferPool;
  /**
   * Gives the running plugins the configuration of the generation that is current in the root by now: all whom it
   * concerns, or none. Waits for a swap that is under way.
   *
   * @returns What changed.
   * @throws {TradsysError} `CONFIG_REFUSED`: everything runs as it did.
   */
  reconfigure(): Promise<readonly Reconfigured[]>;
  /** Every difference between the generation that is current in the root by now and what runs. */
  drift(): Promise<readonly Drift[]>;
  /** Resolves when the plugins that start in the background are ready, or failed: `status` tells. */
  readonly background: Promise<void>;
  /**
   * Exchanges a plugin without stopping those that use it: for a new instance of the same, or for what is given. The
   * ports go over in one step; calls under way end where they began, subscriptions follow, state is handed over.
   *
   * @param plugin Its name; `<name>@<version>` where several versions run side by side.
   * @throws {TradsysError} `SWAP_FAILED`: the instance before serves as it did.
   */
  swap(plugin: string, next?: Successor): Promise<Swapped>;
  /**
   * Makes of this set the generation that is current in the root by now, a plugin at a time and without stopping what
   * stays. Waits for other changes that are under way.
   *
   * @throws {TradsysError} why it could not be done: the set is what it was.
   */
  upgrade(): Promise<readonly Swapped[]>;
  /** Stops every facet in reverse order and returns what failed to stop. Safe to call again. */
  stop(): Promise<readonly TradsysError[]>;
}

/** What a plugin is exchanged for. */
export interface Successor {
  readonly plugin: VerifiedPlugin;
  /** Its facets, as its generation has them. */
  readonly facets: readonly GenerationFacet[];
  /** Versions whose state it takes over although its form is another. */
  readonly restoresFrom?: readonly string[];
}
