import { messageOf, TradsysError } from "../domain/errors.ts";
import {
  byInstance,
  type FacetId,
  type InstanceName,
  instanceOf,
  parseFacetId,
  type PluginName,
  pluginOf,
} from "../domain/ids.ts";
import { oneAtATime } from "../domain/settle.ts";
import { nodeFiles } from "../platform/files.ts";
import { openHostFolder } from "../store/host-folder.ts";
import { loadGeneration } from "../store/load-generation.ts";
import { hold, openQuarantine, readQuarantine } from "../store/quarantine.ts";
import { activationClasses, fatalFailures } from "./boot-policy.ts";
import { reconfigure } from "./config/reconfigure.ts";
import { openContainer } from "./container/container.ts";
import { layoutOf } from "./container/layout-of.ts";
import { limited } from "./context/current.ts";
import { reportFailures } from "./context/failures.ts";
import { dependenciesOf } from "./errors/dependencies.ts";
import { IncidentLog } from "./errors/incident-log.ts";
import { driftFrom, tellOfDrift, type Drift } from "./health/drift.ts";
import { impairments } from "./health/impairments.ts";
import { healthNodes, rollUp } from "./health/roll-up.ts";
import type { WatchOptions } from "./isolation/watch.ts";
import { Facets } from "./lifecycle/facets.ts";
import { readCodeCache } from "./loading/code-cache.ts";
import { createLoader } from "./loading/load.ts";
import { upkeepLater } from "./loading/upkeep-later.ts";
import { placerFor } from "./place-plugin.ts";
import { PortRegistry, type PortGuard } from "./ports.ts";
import { readActive } from "./preload.ts";
import { portGuards } from "./recovery/port-guards.ts";
import { criticalPath } from "./report/start-report.ts";
import { Timeline } from "./report/timeline.ts";
import { keepObservedUse, likelyUsed, readObservedUse } from "./resources/observed-use.ts";
import { ResourceManager } from "./resources/resource-manager.ts";
import type { Observed, Preloaded, Runtime, RuntimeOptions } from "./runtime.ts";
import { type Host, Owner, ownersOf, type PluginCrash } from "./startable.ts";
import { machineClock } from "./supervision/clock.ts";
import { EventChannel } from "./supervision/events.ts";
import { markStarts } from "./supervision/mark-starts.ts";
import { DEFAULT_RESTARTS } from "./supervision/restart-policy.ts";
import { restoredVersions } from "./supervision/restored-versions.ts";
import { quarantined, Supervisor } from "./supervision/supervisor.ts";
import { renew, swap, type Swapping, unload, upgrade } from "./supervision/swap.ts";
import { RuntimeSignals } from "./telemetry/runtime-signals.ts";

const WATCHING: WatchOptions = { heartbeatMs: 1000, sampleMs: 100 };

const UPKEEP_AFTER_MS = 30_000;
const CHECK_EVERY_MS = 5000;

const SAMPLE_MS = 1000;

const RECYCLE_AFTER_MS = 60_000;

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
  // Each change is made of the set that the one before it left.
  const changing = oneAtATime();
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
    swap: (name, next) =>
      changing(async () => {
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
      }),
    reconfigure: () =>
      changing(async () => {
        const { digest, generation: to } = await readActive(files, root);
        const changed = await reconfigure({ from: current.generation, to }, { owners, facets });
        const configured = current.plugins.map((plugin, at) => ({ ...plugin, ...to.plugins[at] }));
        Object.assign(current, { digest, generation: to, plugins: configured });
        return changed;
      }),
    drift,
    upgrade: () =>
      changing(async () => {
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
      }),
    stop,
  };
}

const inFront = (gate: PortGuard | undefined, policies: PortGuard): PortGuard =>
  gate ? (offered, about) => gate(policies(offered, about), about) : policies;

/** The facets of these plugins, in the order of the plugins. */
const likelyFacets = (facets: readonly FacetId[], likely: readonly PluginName[]): readonly FacetId[] =>
  likely.flatMap((plugin) => facets.filter((id) => pluginOf(id) === plugin));

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
