import type { Diagnostic } from "../domain/diagnostic.ts";
import { messageOf, TradsysError } from "../domain/errors.ts";
import {
  byInstance,
  instanceOf,
  type InstanceName,
  parseFacetId,
  type Digest,
  type FacetId,
  type PluginName,
} from "../domain/ids.ts";
import type { Generation, GenerationFacet } from "../domain/plan.ts";
import { nodeFiles, type Files } from "../platform/files.ts";
import type { CallLimits, PortAccess } from "../plugin/define.ts";
import { readCurrent, type ActiveGeneration } from "../store/generations.ts";
import { openHostFolder } from "../store/host-folder.ts";
import { loadGeneration } from "../store/load-generation.ts";
import { hold, openQuarantine, readQuarantine } from "../store/quarantine.ts";
import type { VerifiedPlugin } from "../store/verified-plugin.ts";
import type { LogEntry } from "./activate-plugin.ts";
import { activationClasses, fatalFailures } from "./boot-policy.ts";
import { reconfigure, type Reconfigured } from "./config/reconfigure.ts";
import { openContainer } from "./container/container.ts";
import { layoutOf, type HostServices } from "./container/layout-of.ts";
import type { Locator } from "./container/service.ts";
import { limited } from "./context/current.ts";
import { reportFailures, type PluginFailure } from "./context/failures.ts";
import { dependenciesOf } from "./errors/dependencies.ts";
import { IncidentLog, type IncidentReport } from "./errors/incident-log.ts";
import { driftFrom, tellOfDrift, type Drift } from "./health/drift.ts";
import { impairments } from "./health/impairments.ts";
import { healthNodes, rollUp, type Health } from "./health/roll-up.ts";
import type { WatchOptions } from "./isolation/watch.ts";
import type { FacetState } from "./lifecycle/facet-state.ts";
import { Facets } from "./lifecycle/facets.ts";
import { readCodeCache } from "./loading/code-cache.ts";
import { createLoader } from "./loading/load.ts";
import type { HostModules } from "./loading/plugin-require.ts";
import { upkeepLater } from "./loading/upkeep-later.ts";
import { levelFor, placerFor, type IsolationLevel } from "./place-plugin.ts";
import { PortRegistry, type PortGuard } from "./ports.ts";
import { portGuards, type PortPolicies } from "./recovery/port-guards.ts";
import { criticalPath, type StartReport } from "./report/start-report.ts";
import { Timeline } from "./report/timeline.ts";
import type { BufferOptions, BufferPool } from "./resources/buffer-pool.ts";
import { keepObservedUse, likelyUsed, readObservedUse } from "./resources/observed-use.ts";
import type { PressureStatus } from "./resources/regulator.ts";
import { ResourceManager } from "./resources/resource-manager.ts";
import { type Host, Owner, ownersOf, type PluginCrash, type PluginStatus } from "./startable.ts";
import { type Clock, machineClock } from "./supervision/clock.ts";
import { EventChannel, type RuntimeEvents } from "./supervision/events.ts";
import { markStarts } from "./supervision/mark-starts.ts";
import { DEFAULT_RESTARTS, type RestartPolicy } from "./supervision/restart-policy.ts";
import { restoredVersions } from "./supervision/restored-versions.ts";
import { quarantined, Supervisor } from "./supervision/supervisor.ts";
import { renew, swap, type Swapped, type Swapping, unload, upgrade } from "./supervision/swap.ts";
import { RuntimeSignals, type RuntimeTelemetry } from "./telemetry/runtime-signals.ts";

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

const WATCHING: WatchOptions = { heartbeatMs: 1000, sampleMs: 100 };

const UPKEEP_AFTER_MS = 30_000;
const CHECK_EVERY_MS = 5000;

const SAMPLE_MS = 1000;

const RECYCLE_AFTER_MS = 60_000;

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
   * concerns, or none. Nothing may be swapped meanwhile.
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
   * stays. Nothing else may be swapped meanwhile.
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

/**
 * Reads the current generation and verifies every bundle, without running any of its code.
 *
 * @throws {TradsysError} `NOTHING_ACTIVE`, or one error with a diagnostic for each bundle that does not pass.
 */
export async function preload({
  root,
  files = nodeFiles,
  now = () => new Date(),
}: PreloadOptions): Promise<Preloaded> {
  const active = await readActive(files, root);
  const { verifyGeneration } = await import("../store/verified-plugin.ts");
  const plugins = await verifyGeneration(active.generation, { files, root, now: now() });
  for (const plugin of plugins) levelFor(plugin, "inline");
  return { ...active, plugins, warnings: plugins.flatMap(({ warnings }) => warnings) };
}

async function readActive(files: Files, root: string): Promise<ActiveGeneration> {
  const active = await readCurrent(files, root);
  if (active) return active;
  throw new TradsysError("NOTHING_ACTIVE", `nothing was activated in ${root} yet`, {
    hint: "Run `tradsys plan` and `tradsys apply` first, or name another folder with --root.",
  });
}

/**
 * Starts the current generation: proves every plugin, then loads and starts facets along their graph. Resolves when
 * all that is critical is ready. Background plugins start after that; lazy ones when they are first used.
 *
 * What a failure means is the plugin's own `onBootFailure`. One that aborts stops what was started, in reverse
 * order, and is thrown. What crashes later is started anew, and held back where that does not help.
 *
 * @throws {TradsysError} what `preload` throws; `START_FAILED` with a diagnostic for each plugin that failed to
 *   load and each facet that failed to start, was blocked, or failed to stop again.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { root, files = nodeFiles, now = () => new Date(), limitMs: ms = Infinity } = options;
  const { upkeepAfterMs = UPKEEP_AFTER_MS } = options;
  const began = performance.now();
  const timeline = new Timeline(began);
  const active = await readActive(files, root);
  const { generation } = active;
  const host = await openHostFolder(files, root);
  const [{ plugins, pack }, cache, { held, marks }, used] = await Promise.all([
    loadGeneration(active, { files, root, now: now(), host }),
    readCodeCache(host),
    openQuarantine(generation.plugins, { files, root, now: now() }),
    readObservedUse(host),
  ]);
  const current = { ...active, plugins };
  const verifyMs = timeline.now();

  const abort = new AbortController();
  const { signal } = abort;
  const events = new EventChannel(now);
  const ports = new PortRegistry(inFront(options.gate, portGuards(options.policies ?? {}, events)));
  const incidents = new IncidentLog({
    events,
    dependencies: () => dependenciesOf(current.generation.facets),
  });
  const impaired = impairments(events);
  const loader = createLoader({ cache, timeline, hostModules: options.hostModules ?? {} });
  const { floor = "inline", spareWorkers = 0, watching, onCrash } = options.isolation ?? {};
  const classes = activationClasses(generation.facets, plugins);
  const critical = classes.get("critical") ?? [];
  const {
    readKernelFile: read,
    sampleMs = SAMPLE_MS,
    recycleAfterMs = RECYCLE_AFTER_MS,
  } = options.resources ?? {};
  const likely = likelyUsed(used);
  const resources = new ResourceManager({
    generation: () => current.generation,
    plugins: () => current.plugins,
    atBoot: [...critical, ...(classes.get("background") ?? [])],
    status: () => facets.status(),
    instances: () => observed.instances(),
    activity: (ids) => ports.activity(ids),
    unload: (key) => unload(set, key),
    recycle: (key) => renew(set, key),
    recycleAfterMs,
    likely: new Set(likely),
    tell: (happening) => events.tell(happening),
    read,
  });
  const placer = resources.placer(placerFor({ floor, spareWorkers, watching: { ...WATCHING, ...watching } }));
  await placer.admit(plugins);
  let hostPorts = ports.accessFor("the host", everyPort(current));
  const services = openContainer(layoutOf(generation, plugins, { ...options, ports: hostPorts }));
  const signals = new RuntimeSignals(() => performance.now());
  events.listen((event) => signals.note(event));
  const hosting: Host = {
    signals,
    ports,
    services,
    hosted: new Set(Object.keys(generation.host.ports ?? {})),
    placer,
    loader,
    timeline,
    signal,
    secret: options.secret ?? (() => undefined),
    env: options.env ?? (() => undefined),
    log: options.log ?? (() => undefined),
    onCrash(owner, reason) {
      const crash: PluginCrash = { plugin: owner.label, facets: owner.status.facets, reason };
      const { code, message } = reason;
      events.tell({ event: "crashed", plugin: crash.plugin, facets: crash.facets, code, reason: message });
      supervisor.crashed(owner, reason);
      onCrash?.(crash);
    },
  };
  const owners = ownersOf(generation, plugins, hosting);
  const marking = markStarts(owners, marks);
  const startable = new Map(
    [...owners.values()].flatMap((owner) => owner.facets.map((facet) => [facet.id, facet])),
  );
  const facets = new Facets(
    generation.facets.flatMap(({ id }) => startable.get(id) ?? []),
    {
      ports,
      timeline,
      tell(facet, state) {
        marking(facet, state);
        events.tell({ event: "facet", facet, state });
      },
    },
  );
  const { restarts, checkEveryMs = CHECK_EVERY_MS, clock = machineClock } = options.supervision ?? {};
  const supervisor = new Supervisor({
    facets,
    owners: () => owners,
    events,
    policy: { ...DEFAULT_RESTARTS, ...restarts },
    clock,
    now,
    signal,
    quarantine: {
      held: () => readQuarantine(files, root),
      hold: (entry) => hold(files, root, entry),
    },
  });
  const set: Swapping = { facets, owners, host: hosting, events, signal };
  const observed: Observed = {
    get digest() {
      return current.digest;
    },
    get generation() {
      return current.generation;
    },
    get plugins() {
      return current.plugins;
    },
    status: () => facets.status(),
    pressure: () => resources.pressure,
    instances: () => [...owners.values()].map(({ status }) => status),
    health: () => rollUp(healthNodes(current.generation, current.plugins), facets.status(), impaired()),
    incidents: () => incidents.reports(),
    events,
    telemetry: signals,
  };
  options.observe?.(observed);
  resources.watch(sampleMs);
  for (const owner of owners.values()) {
    const reason = held.get(owner.plugin.content)?.reason;
    if (reason === undefined) continue;
    const error = quarantined(owner.label, reason);
    await facets.fall(owner.status.facets, { state: "quarantined", error });
  }
  const endReporting = options.onFailure && reportFailures(options.onFailure);
  let isServing = false;
  let stopped: ReturnType<Facets["stop"]> | undefined;
  const stop = (): ReturnType<Facets["stop"]> => (stopped ??= stopAll());
  const stopAll = async (): ReturnType<Facets["stop"]> => {
    abort.abort();
    resources.close();
    events.tell({ event: "stopping", generation: current.digest });
    const seen = resources.seen();
    const failures = await facets.stop();
    // A start that failed shows nothing of what would have been used.
    if (isServing) await keepObservedUse(host, seen);
    await Promise.all([...owners.values()].map((owner) => owner.close()));
    await placer.close();
    marks?.close();
    const kept = await services.close();
    incidents.close();
    events.tell({ event: "stopped", generation: current.digest });
    endReporting?.();
    return [...failures, ...kept.map(notGivenBack)];
  };

  const callOff = (): void => abort.abort();
  options.signal?.addEventListener("abort", callOff);
  if (options.signal?.aborted === true) callOff();
  await facets.start(critical, { signal, limit: { ms, until: began + ms } });
  options.signal?.removeEventListener("abort", callOff);

  const failures = fatalFailures(facets, plugins);
  if (failures.length > 0) {
    const stopFailures = await stop();
    // A plugin that fails to load is one failure, however many facets it has.
    const all = [...new Set([...failures, ...stopFailures])];
    throw new TradsysError("START_FAILED", `${failures.length} of ${critical.length} facets did not start`, {
      diagnostics: all.flatMap(({ diagnostics }) => diagnostics),
      cause: new AggregateError(all),
    });
  }
  isServing = true;
  const readyMs = timeline.now();
  events.tell({ event: "started", generation: current.digest });
  supervisor.open();
  void supervisor.watch(checkEveryMs);
  const background = facets.start(classes.get("background") ?? [], { signal, pace: "polite" });
  upkeepLater(upkeepAfterMs, () => ({
    files,
    root,
    digest: current.digest,
    plugins: current.plugins,
    needsPack: pack !== "used",
    stale: loader.counts().rejected,
    signal,
  }));
  ports.wakeWith((facet) => {
    const leaving = resources.leaving(instanceOf(facet));
    return leaving ? leaving.then(() => facets.demand(facet, signal)) : facets.demand(facet, signal);
  });
  void background.then(() =>
    facets.start(likelyFacets(classes.get("lazy") ?? [], likely), { signal, pace: "polite" }),
  );
  const drift = async (): Promise<readonly Drift[]> => {
    const applied = await readActive(files, root);
    const running = [...owners.values()];
    return driftFrom(applied.generation, {
      plugins: running.map(({ plugin }) => plugin),
      facets: running.flatMap(({ wiring }) => wiring),
      states: facets.status(),
    });
  };
  tellOfDrift(events, drift);
  return {
    ...observed,
    get digest() {
      return current.digest;
    },
    get generation() {
      return current.generation;
    },
    get plugins() {
      return current.plugins;
    },
    warnings: plugins.flatMap(({ warnings }) => warnings),
    report: {
      verifyMs,
      readyMs,
      pack,
      facets: facets.readyAfterMs,
      spans: timeline.spans,
      codeCache: { ...loader.counts(), state: cache.state },
      criticalPath: criticalPath(generation.facets, facets.readyAfterMs),
    },
    get ports() {
      return hostPorts;
    },
    services,
    limited,
    pin: (plugin, reason) => resources.pin(plugin, reason),
    buffers: (name, buffers) => resources.buffers(name, buffers),
    async demand(facet) {
      if (facets.status().get(facet)?.state === "quarantined") await supervisor.reconsider(facet);
      await facets.demand(facet, signal);
    },
    background: background.then(() => undefined),
    async swap(name, next) {
      const key = name as InstanceName;
      const running = owners.get(key);
      const {
        plugin = running?.plugin,
        facets: wiring = running?.wiring ?? [],
        restoresFrom = [],
      } = next ?? {};
      if (!plugin) throw new TradsysError("SWAP_FAILED", `no plugin ${key} is running`);
      await placer.admit([plugin]);
      return swap(set, key, new Owner(plugin, wiring, { host: hosting, restoresFrom }));
    },
    async reconfigure() {
      const { digest, generation: to } = await readActive(files, root);
      const changed = await reconfigure({ from: current.generation, to }, { owners, facets });
      const configured = current.plugins.map((plugin, at) => ({ ...plugin, ...to.plugins[at] }));
      Object.assign(current, { digest, generation: to, plugins: configured });
      return changed;
    },
    drift,
    async upgrade() {
      const next = await readActive(files, root);
      if (next.digest === current.digest) return [];
      const { plugins: wanted } = await loadGeneration(next, { files, root, now: now(), host });
      await placer.admit(wanted);
      const restoresFrom = await restoredVersions(files, root, { from: current.digest, to: next.digest });
      const target = { generation: next.generation, plugins: wanted };
      const swapped = await upgrade(set, { ...target, restoresFrom });
      Object.assign(current, target, { digest: next.digest });
      hostPorts = ports.accessFor("the host", everyPort(current));
      return swapped;
    },
    stop,
  };
}

const inFront = (gate: PortGuard | undefined, policies: PortGuard): PortGuard =>
  gate ? (offered, about) => gate(policies(offered, about), about) : policies;

/** The facets of these plugins, in the order of the plugins. */
const likelyFacets = (facets: readonly FacetId[], likely: readonly PluginName[]): readonly FacetId[] =>
  likely.flatMap((plugin) => facets.filter((id) => parseFacetId(id)?.plugin === plugin));

const notGivenBack = (cause: unknown): TradsysError =>
  new TradsysError("STOP_FAILED", `a service of the host was not given back: ${messageOf(cause)}`, { cause });

/** Every port that is provided here, with who provides it. */
function everyPort({
  generation,
  plugins,
}: Pick<Preloaded, "generation" | "plugins">): ReadonlyMap<string, readonly FacetId[]> {
  const members = byInstance(plugins);
  const ports = new Map<string, FacetId[]>();
  for (const { id } of generation.facets) {
    const { manifest } = members.get(instanceOf(id))?.bundle ?? {};
    const provides = manifest?.facets[parseFacetId(id)?.facet ?? ""]?.provides ?? {};
    for (const port of Object.keys(provides)) ports.set(port, [...(ports.get(port) ?? []), id].toSorted());
  }
  return ports;
}
