import {
  facetId,
  type FacetId,
  type InstanceName,
  instanceOf,
  labelOf,
  type PluginName,
} from "../../domain/ids.ts";
import type { Generation } from "../../domain/plan.ts";
import type { FacetHandle, Mode } from "../../plugin/define.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import { within } from "../lifecycle/deadline.ts";
import { type FacetState, isServing } from "../lifecycle/facet-state.ts";
import type { Placer } from "../place-plugin.ts";
import type { Activity } from "../port-offer.ts";
import type { PluginStatus } from "../startable.ts";
import type { Happening } from "../supervision/events.ts";
import { Admission } from "./admission.ts";
import { type BufferOptions, BufferPool } from "./buffer-pool.ts";
import type { Degradable } from "./degradation.ts";
import { IdleClock, verdictOn } from "./idle.ts";
import { bytesLeft, memoryUses, type ReadText } from "./measure.ts";
import type { Seen } from "./observed-use.ts";
import { type PressureStatus, Regulator } from "./regulator.ts";

const MIB = 2 ** 20;

/** The running set, as far as its memory goes. */
interface Running {
  readonly generation: () => Pick<Generation, "facets" | "memory">;
  readonly plugins: () => readonly VerifiedPlugin[];
  /** Facets that start with the platform. */
  readonly atBoot: readonly FacetId[];
  readonly status: () => ReadonlyMap<FacetId, FacetState>;
  readonly instances: () => readonly PluginStatus[];
  /** How much facets are used. */
  readonly activity: (facets: readonly FacetId[]) => Activity;
  /** Stops a plugin until it is used again. */
  readonly unload: (plugin: InstanceName) => Promise<unknown>;
  /** Has another instance of a plugin take over. */
  readonly recycle: (plugin: InstanceName) => Promise<unknown>;
  /** Milliseconds without use after which a thread or process that has grown is replaced. */
  readonly recycleAfterMs: number;
  /** Plugins that will probably be used. */
  readonly likely: ReadonlySet<PluginName>;
  readonly tell: (happening: Happening) => void;
  readonly read?: ReadText | undefined;
}

/** A facet that can do with less. */
interface Adaptable {
  readonly plugin: VerifiedPlugin;
  /** Of the instance that runs now. */
  readonly handle: FacetHandle;
}

interface Standing {
  readonly serving: ReadonlySet<FacetId>;
  readonly needed: ReadonlySet<FacetId>;
}

/** One for both systems: what plugins may hold, what they do hold, and what is done where that is too much. */
export class ResourceManager {
  readonly #running: Running;
  readonly #admission: Admission;
  readonly #regulator: Regulator;
  readonly #adaptable = new Map<FacetId, Adaptable>();
  readonly #modes = new Map<FacetId, Mode>();
  /** What isolated plugins used at first and when they were last looked at; nobody waits for another look. */
  readonly #isolated = new Map<PluginStatus, { readonly baselineBytes: number; readonly bytes: number }>();
  readonly #idle = new IdleClock();
  /** Plugins that are being unloaded or replaced. */
  readonly #leaving = new Map<InstanceName, Promise<void>>();
  readonly #seen = new Map<PluginName, Seen>();
  readonly #pools: BufferPool[] = [];
  #trim: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws {TradsysError} `MEMORY_EXCEEDED` with a diagnostic for each critical plugin that there is no room for. */
  constructor(running: Running) {
    const { generation, plugins, atBoot, read } = running;
    const { memory } = generation();
    this.#running = running;
    this.#admission = new Admission(plugins(), {
      memory,
      leftBytes: bytesLeft(read),
      atBoot,
    });
    this.#regulator = new Regulator({
      uses: () => this.#uses(),
      facets: () => this.#degradable(),
      degrade: (facet, mode) => this.#degrade(facet, mode),
      trim: () => this.#trim(),
    });
  }

  get pressure(): PressureStatus {
    return this.#regulator.status;
  }

  /** Places plugins as another does, each once there is room for it, and knows which of their facets can do with less. */
  placer(inner: Placer): Placer {
    const admitting = this.#admission.placer(inner);
    this.#trim = () => {
      inner.trim();
      for (const pool of this.#pools) pool.trim();
    };
    return {
      ...admitting,
      place: (plugin, placement) => {
        const instance = admitting.place(plugin, placement);
        return {
          ...instance,
          handles: async () => {
            const handles = await instance.handles();
            for (const [name, handle] of handles) this.#adopt(plugin, this.#idOf(plugin, name), handle);
            return handles;
          },
        };
      },
    };
  }

  /** What was seen of each plugin. */
  seen(): ReadonlyMap<PluginName, Seen> {
    for (const plugin of this.#running.instances()) this.#note(plugin, {});
    return this.#seen;
  }

  /** Buffers within the platform's budget; those that nobody uses are given up as memory becomes short. */
  buffers(name: string, options: BufferOptions): BufferPool {
    const { ledger, platform } = this.#admission;
    const pool = new BufferPool({ ...options, ledger, owner: platform.within(name) });
    this.#pools.push(pool);
    return pool;
  }

  /**
   * Keeps a plugin as it is, neither degraded nor unloaded.
   *
   * @returns Ends that, once.
   */
  pin(plugin: string, reason: string): () => void {
    return this.#admission.pin(plugin, reason);
  }

  /** Resolves once a plugin is gone that is being unloaded or replaced; `undefined` for any other. */
  leaving(plugin: InstanceName): Promise<void> | undefined {
    return this.#leaving.get(plugin);
  }

  /** Samples from now on, and keeps no process alive with that. */
  watch(everyMs: number): void {
    this.#timer ??= setInterval(() => void this.sample(), everyMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks once, and does what the pressure asks for. */
  async sample(): Promise<void> {
    const { level } = this.#regulator.status;
    await this.#regulator.sample();
    const standing = this.#standing();
    const plugins = new Map(this.#running.plugins().map((plugin) => [labelOf(plugin), plugin]));
    const instances = this.#running.instances();
    this.#admission.forgetAllBut(new Set([...plugins.keys(), ...instances.map(labelOf)]));
    for (const instance of instances) {
      const plugin = plugins.get(labelOf(instance));
      if (plugin) this.#tend(instance, plugin, standing);
    }
    const after = this.#regulator.status;
    if (after.level === level) return;
    const { name = "", usedBytes = 0, limitBytes = 0 } = after.tightest ?? {};
    this.#running.tell({ event: "pressure", level: after.level, of: name, usedBytes, limitBytes });
  }

  #adopt(plugin: VerifiedPlugin, facet: FacetId, handle: FacetHandle): void {
    if (!handle.degrade || this.#adaptable.get(facet)?.handle === handle) return;
    this.#adaptable.set(facet, { plugin, handle });
    this.#modes.delete(facet);
    this.#regulator.forget(facet);
  }

  /** Versions that run side by side have ids of their own. */
  #idOf(plugin: VerifiedPlugin, name: string): FacetId {
    const own = facetId(labelOf(plugin) as InstanceName, name);
    const isOneOfSeveral = this.#running.generation().facets.some(({ id }) => id === own);
    return isOneOfSeveral ? own : facetId(plugin.name, name);
  }

  #uses(): ReturnType<typeof memoryUses> {
    const { instances, generation, read } = this.#running;
    const budgetMiB = generation().memory?.platformMiB;
    const known = instances();
    for (const gone of this.#isolated.keys()) if (!known.includes(gone)) this.#isolated.delete(gone);
    for (const instance of known) void this.#measure(instance);
    return memoryUses(
      {
        budgetBytes: budgetMiB === undefined ? undefined : budgetMiB * MIB,
        isolatedBytes: this.#isolated.values().reduce((sum, { bytes }) => sum + bytes, 0),
      },
      read,
    );
  }

  /** One that does not answer keeps its last figure. */
  async #measure(instance: PluginStatus): Promise<void> {
    if (instance.level === "inline") return;
    const bytes = await instance.memoryBytes().catch(() => undefined);
    if (bytes === undefined) return;
    const { baselineBytes = bytes } = this.#isolated.get(instance) ?? {};
    this.#isolated.set(instance, { baselineBytes, bytes });
    this.#note(instance, { bytes });
  }

  #note({ name, facets }: PluginStatus, { bytes = 0 }: { readonly bytes?: number }): void {
    const { wasUsed = false, peakBytes = 0 } = this.#seen.get(name) ?? {};
    this.#seen.set(name, {
      wasUsed: wasUsed || this.#running.activity(facets).uses > 0,
      peakBytes: Math.max(bytes, peakBytes),
    });
  }

  /** Keeps a plugin, or lets it go. */
  #tend(instance: PluginStatus, plugin: VerifiedPlugin, { serving, needed }: Standing): void {
    const { activity, atBoot, likely, recycleAfterMs, unload, recycle } = this.#running;
    const label = labelOf(instance);
    const used = activity(instance.facets);
    const idleMs = this.#idle.idleMs(label, used, performance.now());
    if (this.#leaving.has(keyOf(instance)) || !instance.facets.some((facet) => serving.has(facet))) return;
    if (used.uses > 0) this.#note(instance, {});
    const verdict = verdictOn({
      idleMs,
      isPinned: this.#admission.isPinned(label) || instance.facets.some((facet) => needed.has(facet)),
      isLazy:
        plugin.bundle.manifest.activation === "lazy" &&
        !instance.facets.some((facet) => atBoot.includes(facet)),
      isLikely: likely.has(plugin.name),
      isShort: this.#regulator.isShort,
      idleUnloadMs: plugin.idleUnloadMs,
      recycleAfterMs,
      heap: this.#isolated.get(instance),
    });
    switch (verdict) {
      case "keep":
        return this.#admission.keep(label);
      case "spare":
        return this.#admission.offer(label, () => this.#letGo(instance, unload));
      case "unload":
        return this.#letGo(instance, unload);
      case "recycle":
        return this.#letGo(instance, recycle);
      default:
        return verdict satisfies never;
    }
  }

  /** What does not work out is as it was, and is looked at again. */
  #letGo(instance: PluginStatus, how: Running["unload"]): void {
    const key = keyOf(instance);
    if (this.#leaving.has(key)) return;
    const end = (): void => {
      this.#leaving.delete(key);
      this.#idle.forget(labelOf(instance));
    };
    this.#leaving.set(key, how(key).then(end, end));
  }

  /** Which facets serve, and which of them other plugins need that do. */
  #standing(): Standing {
    const { generation, status } = this.#running;
    const states = [...status()].filter(([, state]) => isServing(state));
    const serving = new Set(states.map(([facet]) => facet));
    const working = generation().facets.filter(({ id }) => serving.has(id) && this.#modes.get(id) !== "off");
    const needed = working.flatMap(({ id, after }) =>
      after.filter((each) => instanceOf(each) !== instanceOf(id)),
    );
    return { serving, needed: new Set(needed) };
  }

  #degradable(): readonly Degradable[] {
    const { serving, needed } = this.#standing();
    return [...this.#adaptable].flatMap(([facet, { plugin }]) => {
      if (!serving.has(facet)) return [];
      const { criticality, priority } = plugin.bundle.manifest;
      const isPinned = needed.has(facet) || this.#admission.isPinned(labelOf(plugin));
      return [{ facet, criticality, priority, isPinned }];
    });
  }

  /** A facet that fails at it, or takes long, is left to it: it was told. */
  async #degrade(facet: FacetId, mode: Mode): Promise<void> {
    const adaptable = this.#adaptable.get(facet);
    if (!adaptable) return;
    this.#modes.set(facet, mode);
    this.#running.tell({ event: "mode", facet, mode });
    const { stopTimeoutMs } = adaptable.plugin.bundle.manifest.resources;
    const told = async (): Promise<void> => adaptable.handle.degrade?.(mode);
    await within(stopTimeoutMs, told()).catch(() => undefined);
  }
}

/** What the ids of a plugin's facets begin with. Every plugin has one. */
const keyOf = ({ facets: [facet], name }: PluginStatus): InstanceName => (facet ? instanceOf(facet) : name);
