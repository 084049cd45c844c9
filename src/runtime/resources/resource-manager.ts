import { facetId, type FacetId, labelOf, type PluginName } from "../../domain/ids.ts";
import type { Generation } from "../../domain/plan.ts";
import type { FacetHandle, Mode } from "../../plugin/define.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import { within } from "../lifecycle/deadline.ts";
import { type FacetState, isServing } from "../lifecycle/facet-state.ts";
import type { Placer } from "../place-plugin.ts";
import type { PluginStatus } from "../startable.ts";
import type { Happening } from "../supervision/events.ts";
import { Admission } from "./admission.ts";
import type { Degradable } from "./degradation.ts";
import { bytesLeft, memoryUses, type ReadText } from "./measure.ts";
import type { Seen } from "./observed-use.ts";
import { type PressureStatus, Regulator } from "./regulator.ts";

const MIB = 2 ** 20;

/** The running set, as far as its memory goes. */
interface Running {
  readonly generation: Pick<Generation, "facets" | "memory">;
  readonly plugins: readonly VerifiedPlugin[];
  /** Facets that start with the platform. */
  readonly atBoot: readonly FacetId[];
  readonly status: () => ReadonlyMap<FacetId, FacetState>;
  readonly instances: () => readonly PluginStatus[];
  readonly tell: (happening: Happening) => void;
  readonly read?: ReadText | undefined;
}

/** A facet that can do with less. */
interface Adaptable {
  readonly plugin: VerifiedPlugin;
  /** Of the instance that runs now. */
  readonly handle: FacetHandle;
}

/** One for both systems: what plugins may hold, what they do hold, and what is done where that is too much. */
export class ResourceManager {
  readonly #running: Running;
  readonly #admission: Admission;
  readonly #regulator: Regulator;
  readonly #adaptable = new Map<FacetId, Adaptable>();
  readonly #modes = new Map<FacetId, Mode>();
  /** Last known use of isolated plugins, in bytes; nobody waits for a new one. */
  readonly #isolated = new Map<PluginStatus, number>();
  readonly #seen = new Map<PluginName, Seen>();
  #trim: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws {TradsysError} `MEMORY_EXCEEDED` with a diagnostic for each critical plugin that there is no room for. */
  constructor(running: Running) {
    const { generation, plugins, atBoot, read } = running;
    this.#running = running;
    this.#admission = new Admission(plugins, {
      memory: generation.memory,
      leftBytes: bytesLeft(read),
      atBoot,
    });
    this.#regulator = new Regulator({
      uses: () => this.#uses(),
      facets: () => this.#degradable(),
      degrade: (facet, mode) => this.#degrade(facet, mode),
      trim: () => this.#trim(),
      unloadIdle: () => undefined,
    });
  }

  get pressure(): PressureStatus {
    return this.#regulator.status;
  }

  /** Places plugins as another does, each once there is room for it, and knows which of their facets can do with less. */
  placer(inner: Placer): Placer {
    const admitting = this.#admission.placer(inner);
    this.#trim = () => inner.trim();
    return {
      ...admitting,
      place: (plugin, placement) => {
        const instance = admitting.place(plugin, placement);
        return {
          ...instance,
          handles: async () => {
            const handles = await instance.handles();
            this.#seen.set(plugin.name, { peakBytes: 0, ...this.#seen.get(plugin.name), wasUsed: true });
            for (const [name, handle] of handles) this.#adopt(plugin, facetId(plugin.name, name), handle);
            return handles;
          },
        };
      },
    };
  }

  /** What was seen of each plugin that was loaded. */
  get seen(): ReadonlyMap<PluginName, Seen> {
    return this.#seen;
  }

  /**
   * Keeps a plugin as it is, neither degraded nor unloaded.
   *
   * @returns Ends that, once.
   */
  pin(plugin: string, reason: string): () => void {
    return this.#admission.pin(plugin, reason);
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

  #uses(): ReturnType<typeof memoryUses> {
    const { instances, generation, read } = this.#running;
    const budgetMiB = generation.memory?.platformMiB;
    const known = instances();
    for (const gone of this.#isolated.keys()) if (!known.includes(gone)) this.#isolated.delete(gone);
    for (const instance of known) void this.#measure(instance);
    return memoryUses(
      {
        budgetBytes: budgetMiB === undefined ? undefined : budgetMiB * MIB,
        isolatedBytes: this.#isolated.values().reduce((sum, bytes) => sum + bytes, 0),
      },
      read,
    );
  }

  /** One that does not answer keeps its last figure. */
  async #measure(instance: PluginStatus): Promise<void> {
    if (instance.level === "inline") return;
    const bytes = await instance.memoryBytes();
    if (bytes === undefined) return;
    this.#isolated.set(instance, bytes);
    const seen = this.#seen.get(instance.name);
    this.#seen.set(instance.name, {
      wasUsed: seen?.wasUsed === true,
      peakBytes: Math.max(bytes, seen?.peakBytes ?? 0),
    });
  }

  #degradable(): readonly Degradable[] {
    const { generation, status } = this.#running;
    const states = status();
    const works = (facet: FacetId): boolean => {
      const state = states.get(facet);
      return state !== undefined && isServing(state) && this.#modes.get(facet) !== "off";
    };
    const needed = new Set(generation.facets.filter(({ id }) => works(id)).flatMap(({ after }) => after));
    return [...this.#adaptable].flatMap(([facet, { plugin }]) => {
      const state = states.get(facet);
      if (!state || !isServing(state)) return [];
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
