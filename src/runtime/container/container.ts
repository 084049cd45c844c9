import { failWith, TradsysError } from "../../domain/errors.ts";
import { findConflicts } from "./conflicts.ts";
import { depthOfService, type Layout, type Place, placeAt, providersAt, providersOf } from "./layout.ts";
import { LIFETIMES, type Locator, type Service } from "./service.ts";

/** What a port is made of in one place, decided once. */
interface Slot {
  /** Its place among the values of a scope. */
  readonly at: number;
  readonly service: Service;
  /** Index of its lifetime. */
  readonly depth: number;
  /** A slot for each need; the port's name where only the host's container has it. */
  readonly needs: readonly (Slot | string)[];
}

type View = ReadonlyMap<string, Slot>;

/**
 * Puts a container together: who provides what in which place is decided here, and nothing is made yet.
 *
 * @returns The scope of the platform.
 * @throws {TradsysError} `SERVICE_CONFLICT` with a diagnostic for each conflict.
 */
export function openContainer(layout: Layout): Scope {
  const conflicts = findConflicts(layout);
  if (conflicts.length > 0) throw failWith(conflicts);
  // What is made anew most often comes first: the values of a narrow scope then take little room.
  const order = layout.services.toSorted((a, b) => depthOfService(b) - depthOfService(a));
  const compiled = { layout, order };
  return new Scope(compiled, { name: "the platform", place: {}, depth: 0, view: viewOf(compiled, {}) });
}

interface Compiled {
  readonly layout: Layout;
  /** Where each service has its place among the values of every scope. */
  readonly order: readonly Service[];
}

interface Position {
  readonly name: string;
  readonly place: Place;
  /** Index of the lifetime that this is a scope of. */
  readonly depth: number;
  readonly view: View;
}

const INSTANCE = LIFETIMES.indexOf("instance");
const USE = LIFETIMES.indexOf("use");

/** One of the nested scopes: the platform, a system, a plugin, or a running instance of a plugin. */
export class Scope implements Locator {
  readonly #compiled: Compiled;
  readonly #position: Position;
  readonly #wider: Scope | undefined;
  readonly #values: object[] = [];
  #ofInstances: Position | undefined;
  #made: Slot[] | undefined;
  #inner: Map<string, Scope> | undefined;
  /** Instances that have something to give back. */
  #instances: Set<Scope> | undefined;
  #isClosed = false;

  constructor(compiled: Compiled, position: Position, wider?: Scope) {
    this.#compiled = compiled;
    this.#position = position;
    this.#wider = wider;
  }

  /** The scope of a system of the platform, or of a plugin of a system. */
  within(name: string): Scope {
    const known = this.#inner?.get(name);
    if (known) return known;
    this.#refuseIfClosed();
    const depth = this.#position.depth + 1;
    const place = { ...this.#position.place, [LIFETIMES[depth] ?? ""]: name };
    const inner = new Scope(
      this.#compiled,
      { name, place, depth, view: viewOf(this.#compiled, place) },
      this,
    );
    (this.#inner ??= new Map()).set(name, inner);
    return inner;
  }

  /** A new instance of a plugin. */
  instance(): Scope {
    this.#ofInstances ??= { ...this.#position, depth: INSTANCE };
    return new Scope(this.#compiled, this.#ofInstances, this);
  }

  has(port: string): boolean {
    return this.#position.view.has(port) || this.#compiled.layout.host?.has(port) === true;
  }

  /**
   * @throws {TradsysError} `PORT_UNBOUND` where nothing provides the port here, several plugins do, or the scope was
   *   closed; what `make` throws.
   */
  get(port: string): object {
    const slot = this.#position.view.get(port);
    return slot === undefined ? this.#elsewhere(port) : (this.#values[slot.at] ?? this.#take(slot));
  }

  /**
   * Gives everything back that was made here and further in: what was made last goes first.
   *
   * @returns What failed to be given back. Safe to call again.
   */
  async close(): Promise<readonly unknown[]> {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    const failures: unknown[] = [];
    for (const inner of [...(this.#inner?.values() ?? []), ...(this.#instances ?? [])].toReversed()) {
      failures.push(...(await inner.close()));
    }
    for (const { service, at } of (this.#made ?? []).toReversed()) {
      try {
        await service.dispose?.(this.#values[at] as never);
      } catch (error) {
        failures.push(error);
      }
    }
    this.#values.length = 0;
    this.#inner = undefined;
    this.#instances = undefined;
    if (this.#wider) this.#wider.#forget(this);
    return failures;
  }

  /** What is wider is made there, and remembered here so that it is found at once. */
  #take(slot: Slot): object {
    this.#refuseIfClosed();
    const { at, depth } = slot;
    const wider = this.#wider;
    if (depth < this.#position.depth && wider) return (this.#values[at] = wider.#value(slot));
    const value = this.#make(slot);
    if (depth === USE) return value;
    if (slot.service.dispose) {
      (this.#made ??= []).push(slot);
      if (wider && depth === INSTANCE) (wider.#instances ??= new Set()).add(this);
    }
    return (this.#values[at] = value);
  }

  #value(slot: Slot): object {
    return this.#values[slot.at] ?? this.#take(slot);
  }

  #make({ service, needs }: Slot): object {
    if (needs.length === 0) return service.make();
    const made = needs.map((need) =>
      typeof need === "string" ? this.#compiled.layout.host?.get(need) : this.#value(need),
    );
    return service.make(...(made as never[]));
  }

  #forget(inner: Scope): void {
    this.#inner?.delete(inner.#position.name);
    this.#instances?.delete(inner);
  }

  #elsewhere(port: string): object {
    const { layout } = this.#compiled;
    if (layout.host?.has(port) === true) return layout.host.get(port) as object;
    const { name, place } = this.#position;
    const owners = providersAt(layout, port, place).map(({ owner }) => owner);
    throw owners.length === 0
      ? new TradsysError("PORT_UNBOUND", `nothing provides ${port} to ${name}`, {
          hint: "Offer it as a service, or deploy a plugin that provides it.",
        })
      : new TradsysError("PORT_UNBOUND", `${owners.join(", ")} provide ${port} to ${name}`, {
          hint: "Ask with `all` where several may answer.",
        });
  }

  #refuseIfClosed(): void {
    const { name } = this.#position;
    if (this.#isClosed) {
      throw new TradsysError("PORT_UNBOUND", `the services of ${name} were given back`, {
        hint: "Use a port between `start` and `stop`.",
      });
    }
    if (this.#wider) this.#wider.#refuseIfClosed();
  }
}

/** The one provider of each port as a place sees it. */
function viewOf({ layout, order }: Compiled, place: Place): View {
  const slots = new Map<Service, Slot>();
  const slotOf = (service: Service): Slot => {
    const depth = depthOfService(service);
    const made = slots.get(service) ?? {
      at: order.indexOf(service),
      service,
      depth,
      needs: (service.needs ?? []).map((need) => {
        const [provider] = providersOf(layout, need, placeAt(place, depth));
        return provider ? slotOf(provider) : typeof need === "string" ? need : need.port;
      }),
    };
    slots.set(service, made);
    return made;
  };
  const ports = new Set(layout.services.map(({ port }) => port));
  return new Map(
    [...ports].flatMap((port) => {
      const [provider, ...others] = providersAt(layout, port, place);
      return provider && others.length === 0 ? [[port, slotOf(provider)] as const] : [];
    }),
  );
}
