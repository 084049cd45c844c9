import type { Diagnostic } from "../domain/diagnostic.ts";
import { TradsysError } from "../domain/errors.ts";
import { facetId, parseFacetId, type Digest, type FacetId } from "../domain/ids.ts";
import type { Generation, GenerationFacet } from "../domain/plan.ts";
import { nodeFiles, type Files } from "../platform/files.ts";
import type { FacetHandle, PortAccess } from "../plugin/define.ts";
import { readCurrent } from "../store/generations.ts";
import { verifyGeneration, warningsAbout, type VerifiedPlugin } from "../store/verified-plugin.ts";
import type { StartableFacet } from "./lifecycle/facet-run.ts";
import { startFacets, type FacetState } from "./lifecycle/facets.ts";
import type { HostModules } from "./loading/plugin-require.ts";
import { pluginInstance, type Host, type LogEntry } from "./plugin-instance.ts";
import { PortRegistry } from "./ports.ts";

export interface PreloadOptions {
  /** The folder that `tradsys apply` activates generations in. */
  readonly root: string;
  /** Defaults to the real disk. */
  readonly files?: Files;
  /** Judges the validity of keys. Defaults to the system's clock. */
  readonly now?: () => Date;
}

export interface RuntimeOptions extends PreloadOptions {
  /** Values of secrets by name. Defaults to none. */
  readonly secret?: (name: string) => string | undefined;
  /** Where plugins' log entries go. Defaults to nowhere. */
  readonly log?: (entry: LogEntry) => void;
  /** Calls the start off while it is under way: what was started is stopped again. Later it does nothing. */
  readonly signal?: AbortSignal;
  /** Packages for plugins that list them in `hostProvided`. */
  readonly hostModules?: HostModules;
}

/** A verified set of plugins, nothing of it started. */
export interface Preloaded {
  readonly digest: Digest;
  readonly generation: Generation;
  readonly plugins: readonly VerifiedPlugin[];
  /** Bundles whose signatures do not suffice, under a policy that only warns of that. */
  readonly warnings: readonly Diagnostic[];
}

/** Facts about one start, for a report or a log. */
export interface StartReport {
  /** Milliseconds to read and verify every bundle. */
  readonly verifyMs: number;
  /** Milliseconds from the call to ready. */
  readonly readyMs: number;
  /** Milliseconds from the first start to ready, by facet. */
  readonly facets: ReadonlyMap<FacetId, number>;
}

/** A running set of plugins. */
export interface Runtime {
  readonly digest: Digest;
  readonly generation: Generation;
  readonly report: StartReport;
  /** As of `preload`. */
  readonly warnings: readonly Diagnostic[];
  /** Every port of every facet, for the host's own code. */
  readonly ports: PortAccess;
  status(): ReadonlyMap<FacetId, FacetState>;
  /** Stops every facet in reverse order and returns what failed to stop. Safe to call again. */
  stop(): Promise<readonly TradsysError[]>;
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
  const active = await readCurrent(files, root);
  if (!active) {
    throw new TradsysError("NOTHING_ACTIVE", `nothing was activated in ${root} yet`, {
      hint: "Run `tradsys plan` and `tradsys apply` first, or name another folder with --root.",
    });
  }
  const plugins = await verifyGeneration(active.generation, { files, root, now: now() });
  plugins.forEach(requireInline);
  return { ...active, plugins, warnings: warningsAbout(plugins) };
}

/** A manifest states the weakest isolation a plugin may run in; nothing is placed below it. */
function requireInline({ bundle }: VerifiedPlugin): void {
  const { name, version, isolation } = bundle.manifest;
  if (isolation === "inline") return;
  throw new TradsysError(
    "ISOLATION_UNSUPPORTED",
    `${name}@${version} must run in a ${isolation}, and this host runs plugins inline only`,
    { hint: "Use a version whose manifest says `isolation: inline`, if you trust it that far." },
  );
}

/**
 * Starts the current generation: verifies every bundle, then loads and starts facets along their graph.
 *
 * A failure of a plugin whose criticality is `optional` leaves the rest running. Any other failure stops
 * what was started, in reverse order, and is thrown.
 *
 * @throws {TradsysError} what `preload` throws; `START_FAILED` with a diagnostic for each plugin that failed to
 *   load and each facet that failed to start, was blocked, or failed to stop again.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const began = performance.now();
  const { digest, generation, plugins, warnings } = await preload(options);
  const verifyMs = performance.now() - began;

  const ports = new PortRegistry();
  const host: Host = {
    ports,
    secret: options.secret ?? (() => undefined),
    log: options.log ?? (() => undefined),
    hostModules: options.hostModules ?? {},
  };
  const abort = new AbortController();
  const callOff = (): void => abort.abort();
  options.signal?.addEventListener("abort", callOff);
  if (options.signal?.aborted === true) callOff();
  const started = await startFacets(startableFacets({ generation, plugins, host, signal: abort.signal }), {
    ports,
    signal: abort.signal,
  });
  options.signal?.removeEventListener("abort", callOff);
  const stop = (): ReturnType<typeof started.stop> => {
    abort.abort();
    return started.stop();
  };

  const failures = fatalFailures(started.status(), plugins);
  if (failures.length > 0) {
    const stopFailures = await stop();
    // A plugin that fails to load is one failure, however many facets it has.
    const all = [...new Set([...failures, ...stopFailures])];
    throw new TradsysError(
      "START_FAILED",
      `${failures.length} of ${generation.facets.length} facets did not start`,
      {
        diagnostics: all.flatMap(({ diagnostics }) => diagnostics),
        cause: new AggregateError(all),
      },
    );
  }
  return {
    digest,
    generation,
    warnings,
    report: { verifyMs, readyMs: performance.now() - began, facets: started.readyAfterMs },
    ports: ports.accessFor("the host", everyPort(plugins)),
    status: () => started.status(),
    stop,
  };
}

interface Starting {
  readonly generation: Generation;
  readonly plugins: readonly VerifiedPlugin[];
  readonly host: Host;
  readonly signal: AbortSignal;
}

function startableFacets({ generation, plugins, host, signal }: Starting): StartableFacet[] {
  const byName = new Map(
    plugins.map((plugin) => {
      const own = generation.facets.filter(({ id }) => parseFacetId(id)?.plugin === plugin.name);
      return [
        plugin.name,
        { plugin, handles: pluginInstance(plugin, { ...host, facets: own, signal }) },
      ] as const;
    }),
  );
  return generation.facets.map((facet) => startable(facet, byName));
}

function startable(
  facet: GenerationFacet,
  plugins: ReadonlyMap<
    string,
    { plugin: VerifiedPlugin; handles: () => Promise<ReadonlyMap<string, FacetHandle>> }
  >,
): StartableFacet {
  const id = parseFacetId(facet.id);
  const owner = id && plugins.get(id.plugin);
  const declared = id && owner?.plugin.bundle.manifest.facets[id.facet];
  if (!id || !owner || !declared) {
    throw new TradsysError(
      "GENERATION_DAMAGED",
      `the generation starts ${facet.id}, which no plugin of it has`,
      { hint: "Plan and apply the deployment again." },
    );
  }
  return {
    ...facet,
    ...owner.plugin.bundle.manifest.resources,
    promises: Object.keys(declared.provides),
    async handle() {
      return (await owner.handles()).get(id.facet) ?? {};
    },
  };
}

/** What must not be missing: failures and blocked facets of plugins that are not optional. */
function fatalFailures(
  states: ReadonlyMap<FacetId, FacetState>,
  plugins: readonly VerifiedPlugin[],
): readonly TradsysError[] {
  const optional = new Set(
    plugins.filter(({ bundle }) => bundle.manifest.criticality === "optional").map(({ name }) => name),
  );
  return [...states].flatMap(([id, state]): TradsysError[] => {
    const plugin = parseFacetId(id)?.plugin;
    if (plugin !== undefined && optional.has(plugin)) return [];
    if (state.state === "failed") return [state.error];
    if (state.state === "blocked")
      return [new TradsysError("BLOCKED", `${id} was not started: ${state.by} did not become ready`)];
    return [];
  });
}

function everyPort(plugins: readonly VerifiedPlugin[]): ReadonlyMap<string, readonly FacetId[]> {
  const ports = new Map<string, FacetId[]>();
  for (const { name, bundle } of plugins) {
    for (const [facet, { provides }] of Object.entries(bundle.manifest.facets)) {
      for (const port of Object.keys(provides)) {
        ports.set(port, [...(ports.get(port) ?? []), facetId(name, facet)].toSorted());
      }
    }
  }
  return ports;
}
