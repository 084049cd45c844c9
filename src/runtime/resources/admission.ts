import { byText } from "../../domain/by-text.ts";
import type { Diagnostic } from "../../domain/diagnostic.ts";
import { failWith, isCode, TradsysError } from "../../domain/errors.ts";
import { type FacetId, labelOf, pluginOf } from "../../domain/ids.ts";
import { systemOf, type Manifest, type System } from "../../domain/manifest.ts";
import type { MemoryBudget } from "../../domain/plan.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import type { Placer } from "../place-plugin.ts";
import type { Amounts } from "./amounts.ts";
import { Ledger, type Reservation } from "./ledger.ts";
import { Owner } from "./owner.ts";

const MIB = 2 ** 20;

/** Milliseconds that a plugin waits at most for the memory of others that are idle and less important. */
const PATIENCE_MS = 2000;

/** What plugins may hold together, and which of them do from the beginning. */
interface Room {
  readonly memory: MemoryBudget | undefined;
  /** What is left of what the process is allowed, in bytes; absent where it is allowed any amount. */
  readonly leftBytes: number | undefined;
  /** Facets that start with the platform. */
  readonly atBoot: readonly FacetId[];
}

/** A plugin as far as its memory goes. */
type Admissible = Pick<VerifiedPlugin, "name" | "version" | "bundle">;

/** A plugin's place in the ledger. */
interface Seat {
  readonly owner: Owner;
  /** One for each instance that holds something: two while one replaces the other. */
  readonly held: Set<Reservation>;
}

/**
 * Sees to it that no plugin is loaded whose memory is not there. What starts with the platform is guaranteed what its
 * manifest declares, the most important first, before any code is loaded: so it is the same plugins that are left out
 * each time, and not those that come last.
 */
export class Admission {
  readonly ledger: Ledger;
  readonly platform: Owner;
  readonly #memory: MemoryBudget | undefined;
  readonly #systems = new Map<System, Owner>();
  readonly #seats = new Map<string, Seat>();

  /**
   * @throws {TradsysError} `MEMORY_EXCEEDED` with a diagnostic for each critical plugin that there is no room for.
   */
  constructor(plugins: readonly Admissible[], { memory, leftBytes, atBoot }: Room) {
    const starting = new Set(atBoot.map(pluginOf));
    this.ledger = new Ledger();
    this.#memory = memory;
    this.platform = Owner.platform(limitTo(Math.min(leftBytes ?? Infinity, bytesOf(memory?.platformMiB))));
    const diagnostics: Diagnostic[] = [];
    for (const plugin of plugins.toSorted(byImportance)) {
      const isRefused = starting.has(plugin.name) && !this.#guarantee(plugin);
      if (isRefused && plugin.bundle.manifest.criticality === "critical") {
        diagnostics.push(...noRoom(plugin, this.#systemOf(plugin)).diagnostics);
      }
    }
    if (diagnostics.length > 0) throw failWith(diagnostics);
    this.admit(plugins);
  }

  /** Makes plugins known that come later, in the place of others. They are guaranteed nothing. */
  admit(plugins: readonly Admissible[]): void {
    for (const plugin of plugins) {
      const label = labelOf(plugin);
      if (!this.#seats.has(label)) this.#seats.set(label, this.#seat(plugin, {}));
    }
  }

  /** Ends what was guaranteed to plugins that are gone for good, and hold nothing any longer. */
  forgetAllBut(plugins: ReadonlySet<string>): void {
    for (const [label, { owner, held }] of this.#seats) {
      if (plugins.has(label) || held.size > 0) continue;
      owner.leave();
      this.#seats.delete(label);
    }
  }

  /** Loads plugins as another does, each once there is room for it. */
  placer(inner: Placer): Placer {
    const admit = (all: readonly Admissible[]): void => this.admit(all);
    return {
      levelOf: (plugin) => inner.levelOf(plugin),
      trim: () => inner.trim(),
      async admit(all) {
        await inner.admit(all);
        admit(all);
      },
      close: () => inner.close(),
      place: (plugin, placement) => {
        const { take, pin, release } = this.#holding(plugin);
        const instance = inner.place(plugin, {
          ...placement,
          pin,
          onCrash(reason) {
            release();
            placement.onCrash(reason);
          },
        });
        return {
          ...instance,
          async handles() {
            const reservation = await take();
            const handles = await instance.handles();
            reservation.commit();
            return handles;
          },
          async close() {
            await instance.close();
            release();
          },
        };
      },
    };
  }

  /**
   * Keeps a plugin from being unloaded and degraded.
   *
   * @returns Ends that, once.
   */
  pin(plugin: string, reason: string): () => void {
    const found = this.#seats.get(plugin);
    return found ? this.ledger.pin(found.owner, reason) : () => undefined;
  }

  isPinned(plugin: string): boolean {
    return this.#seats.get(plugin)?.owner.isPinned === true;
  }

  /** A plugin is idle: `unload` is called when somebody more important needs its memory. */
  offer(plugin: string, unload: () => void): void {
    for (const reservation of this.#seats.get(plugin)?.held ?? []) reservation.offer(unload);
  }

  /** A plugin is in use again. */
  keep(plugin: string): void {
    for (const reservation of this.#seats.get(plugin)?.held ?? []) reservation.keep();
  }

  /** What one instance of a plugin holds, from when it is first asked for. */
  #holding(plugin: Admissible) {
    let taken: Promise<Reservation> | undefined;
    const unpins = new Set<() => void>();
    return {
      take: () => (taken ??= this.#reserve(plugin)),
      pin: (reason: string): (() => void) => {
        const unpin = this.pin(labelOf(plugin), reason);
        unpins.add(unpin);
        return () => {
          unpins.delete(unpin);
          unpin();
        };
      },
      release: (): void => {
        for (const unpin of unpins) unpin();
        void taken?.then(
          (reservation) => this.#giveBack(plugin, reservation),
          () => undefined,
        );
      },
    };
  }

  #giveBack(plugin: Admissible, reservation: Reservation): void {
    this.#seats.get(labelOf(plugin))?.held.delete(reservation);
    reservation.release();
  }

  /** @returns False where what a plugin declares is not there. */
  #guarantee(plugin: Admissible): boolean {
    try {
      this.#seats.set(labelOf(plugin), this.#seat(plugin, declared(plugin.bundle.manifest)));
      return true;
    } catch (error) {
      if (isCode(error, "RESOURCES_EXCEEDED")) return false;
      throw error;
    }
  }

  /** What is critical stays, whatever happens. */
  #seat(plugin: Admissible, guaranteed: Amounts): Seat {
    const { manifest } = plugin.bundle;
    const owner = this.#systemOf(plugin).within(labelOf(plugin), {
      guaranteed,
      priority: rankOf(manifest),
    });
    if (manifest.criticality === "critical") this.ledger.pin(owner, "critical");
    return { owner, held: new Set() };
  }

  #systemOf({ bundle }: Admissible): Owner {
    const name = systemOf(bundle.manifest.kind);
    const known = this.#systems.get(name);
    if (known) return known;
    const system = this.platform.within(`the ${name} system`, {
      limits: limitTo(bytesOf(this.#memory?.systemsMiB?.[name])),
    });
    this.#systems.set(name, system);
    return system;
  }

  async #reserve(plugin: Admissible): Promise<Reservation> {
    const { manifest } = plugin.bundle;
    this.admit([plugin]);
    const { owner, held } = this.#seats.get(labelOf(plugin)) ?? this.#seat(plugin, {});
    const amounts = declared(manifest);
    const reserved = await this.#waitFor(
      owner,
      amounts,
      Math.min(PATIENCE_MS, manifest.resources.startTimeoutMs / 2),
    );
    if (!reserved) throw noRoom(plugin, owner);
    held.add(reserved);
    return reserved;
  }

  async #waitFor(owner: Owner, amounts: Amounts, ms: number): Promise<Reservation | undefined> {
    const free = this.ledger.tryReserve(owner, amounts);
    if (free) return free;
    const given = await this.ledger.reserve([{ owner, amounts }], { ms });
    return given.ok ? given.value[0] : undefined;
  }
}

const limitTo = (memoryBytes: number): Amounts =>
  memoryBytes === Infinity ? {} : { memoryBytes: Math.max(0, Math.floor(memoryBytes)) };

const bytesOf = (budgetMiB: number | undefined): number =>
  budgetMiB === undefined ? Infinity : budgetMiB * MIB;

const declared = ({ resources }: Manifest): Amounts => ({ memoryBytes: resources.memoryMiB * MIB });

const CRITICALITY: readonly Manifest["criticality"][] = ["critical", "important", "optional"];

/** Lower for what matters more: by criticality, then by priority. */
const rankOf = ({ criticality, priority }: Manifest): number =>
  CRITICALITY.indexOf(criticality) * 101 + priority;

const byImportance = (a: Admissible, b: Admissible): number =>
  rankOf(a.bundle.manifest) - rankOf(b.bundle.manifest) || byText(labelOf(a), labelOf(b));

function noRoom(plugin: Admissible, owner: Owner): TradsysError {
  const { memoryMiB } = plugin.bundle.manifest.resources;
  const whose = owner.path
    .filter(({ limits: [bytes = Infinity] }) => bytes < Infinity)
    .map(({ name, limits: [bytes = 0], taken: { memoryBytes = 0 } }) => ({
      name,
      limitMiB: Math.floor(bytes / MIB),
      leftMiB: Math.floor((bytes - memoryBytes) / MIB),
    }))
    .toSorted((a, b) => a.leftMiB - b.leftMiB)[0];
  const left = whose ? `, and ${whose.name} has ${whose.leftMiB} MiB left of its ${whose.limitMiB} MiB` : "";
  return new TradsysError(
    "MEMORY_EXCEEDED",
    `${labelOf(plugin)} declares ${memoryMiB} MiB of memory${left}`,
    {
      hint: "Raise memoryBudgetMiB of the platform or the system, or the container's limit, or deploy fewer plugins.",
    },
  );
}
