import * as fc from "fast-check";
import { expect, it } from "vitest";

import { RESOURCES, type Amounts } from "../../../src/runtime/resources/amounts.ts";
import { Ledger, type Reservation } from "../../../src/runtime/resources/ledger.ts";
import { Owner } from "../../../src/runtime/resources/owner.ts";
import { handClock, turns } from "./hand-clock.ts";

/** Two systems with three plugins each, in small numbers, so that everything is contended. */
interface Shape {
  readonly platform: Amounts;
  readonly systems: readonly { readonly limits: Amounts; readonly guaranteed: Amounts }[];
  readonly plugins: readonly {
    readonly system: number;
    readonly guaranteed: Amounts;
    readonly priority: number;
  }[];
}

const shared = ["memoryBytes", "workers"] as const;
const amounts = (max: number): fc.Arbitrary<Amounts> =>
  fc.record({ memoryBytes: fc.nat({ max }), workers: fc.nat({ max }) });

const shapes: fc.Arbitrary<Shape> = fc.record({
  platform: fc.constant({ memoryBytes: 12, workers: 8 }),
  systems: fc.tuple(
    fc.record({ limits: fc.constant({ memoryBytes: 9 }), guaranteed: amounts(2) }),
    fc.record({ limits: fc.constant({}), guaranteed: amounts(2) }),
  ),
  plugins: fc.tuple(
    ...[0, 0, 0, 1, 1, 1].map((system) =>
      fc.record({
        system: fc.constant(system),
        guaranteed: amounts(1),
        priority: fc.integer({ min: 0, max: 3 }),
      }),
    ),
  ),
});

type Action =
  | {
      readonly kind: "reserve";
      readonly plugins: readonly number[];
      readonly amounts: Amounts;
      readonly ms: number;
    }
  | { readonly kind: "try"; readonly plugin: number; readonly amounts: Amounts }
  | { readonly kind: "resize"; readonly which: number; readonly amounts: Amounts }
  | { readonly kind: "release" | "commit" | "offer" | "keep"; readonly which: number }
  | { readonly kind: "crash"; readonly plugin: number }
  | { readonly kind: "pass"; readonly ms: number };

const plugin = fc.nat({ max: 5 });
const which = fc.nat({ max: 20 });
const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("reserve" as const),
      plugins: fc.uniqueArray(plugin, { minLength: 1, maxLength: 2 }),
      amounts: amounts(6),
      ms: fc.constantFrom(0, 50, 10_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("try" as const), plugin, amounts: amounts(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("resize" as const), which, amounts: amounts(4) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom("release", "commit", "offer", "keep"), which }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), plugin }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat({ max: 100 }) }) },
);

interface Asked {
  readonly plugins: readonly number[];
  readonly amounts: Amounts;
  readonly key: number;
  state: "waiting" | "given" | "refused";
}

const isHeld = ({ state }: Reservation): boolean => state !== "released";

/** A ledger, and beside it everything that was held, in a plain list. */
function world(shape: Shape) {
  const clock = handClock();
  const ledger = new Ledger(clock);
  const platform = Owner.platform(shape.platform);
  const systems = shape.systems.map((options, at) => platform.within(`system ${at}`, options));
  const plugins = shape.plugins.map(({ system, guaranteed, priority }, at) =>
    (systems[system] ?? platform).within(`plugin ${at}`, { guaranteed, priority }),
  );
  const held: Reservation[] = [];
  const asked: Asked[] = [];

  const of = (at: number, resource: keyof Amounts): number =>
    held
      .filter((each) => isHeld(each) && each.owner === plugins[at])
      .reduce((sum, each) => sum + (each.amounts[resource] ?? 0), 0);
  /** What each level claims by the definition, from what is held: nothing is kept from one moment to the next. */
  const claims = (resource: keyof Amounts, extra: ReadonlyMap<number, number> = new Map()) => {
    const ofPlugin = (at: number): number =>
      Math.max(shape.plugins[at]?.guaranteed[resource] ?? 0, of(at, resource) + (extra.get(at) ?? 0));
    const taken = shape.systems.map((_, system) =>
      shape.plugins.reduce((sum, each, at) => (each.system === system ? sum + ofPlugin(at) : sum), 0),
    );
    const platformTaken = shape.systems.reduce(
      (sum, { guaranteed }, system) => sum + Math.max(guaranteed[resource] ?? 0, taken[system] ?? 0),
      0,
    );
    return { taken, platformTaken };
  };
  const isWithin = (extra: ReadonlyMap<number, Amounts>): boolean =>
    shared.every((resource) => {
      const added = new Map([...extra].map(([at, each]) => [at, each[resource] ?? 0]));
      const { taken, platformTaken } = claims(resource, added);
      return (
        platformTaken <= (shape.platform[resource] ?? Infinity) &&
        taken.every((sum, system) => sum <= (shape.systems[system]?.limits[resource] ?? Infinity))
      );
    });
  return { clock, ledger, platform, systems, plugins, held, asked, claims, isWithin };
}

type World = ReturnType<typeof world>;

function ownerAt({ plugins, platform }: World, at: number): Owner {
  return plugins[at] ?? platform;
}

function act(w: World, action: Action): void {
  const pick = (at: number): Reservation | undefined => {
    const live = w.held.filter(isHeld);
    return live[at % Math.max(1, live.length)];
  };
  switch (action.kind) {
    case "reserve": {
      const needs = action.plugins.map((at) => ({ owner: ownerAt(w, at), amounts: action.amounts }));
      const key = w.clock.now() + (needs[0]?.owner.priority ?? 0) * 100;
      const entry: Asked = { plugins: action.plugins, amounts: action.amounts, key, state: "waiting" };
      w.asked.push(entry);
      void w.ledger.reserve(needs, { ms: action.ms }).then((result) => {
        entry.state = result.ok ? "given" : "refused";
        return result.ok && w.held.push(...result.value);
      });
      if (action.ms === 0) w.clock.pass(0);
      return;
    }
    case "try": {
      const isFree =
        w.asked.every(({ state }) => state !== "waiting") &&
        w.isWithin(new Map([[action.plugin, action.amounts]]));
      const given = w.ledger.tryReserve(ownerAt(w, action.plugin), action.amounts);
      if (isFree && !given) throw new Error("it was free and not given");
      if (given) w.held.push(given);
      return;
    }
    case "resize":
      pick(action.which)?.resize(action.amounts);
      return;
    case "offer": {
      const reservation = pick(action.which);
      reservation?.offer(() => reservation.release());
      return;
    }
    case "crash":
      w.ledger.end(ownerAt(w, action.plugin));
      return;
    case "pass":
      w.clock.pass(action.ms);
      return;
    default:
      pick(action.which)?.[action.kind]();
  }
}

function check(w: World): void {
  expect(w.isWithin(new Map())).toBe(true);
  for (const resource of shared) {
    const { taken, platformTaken } = w.claims(resource);
    expect(w.platform.taken[resource] ?? 0).toBe(platformTaken);
    expect(w.systems.map((system) => system.taken[resource] ?? 0)).toEqual(taken);
    expect(platformTaken).toBeGreaterThanOrEqual(0);
  }
  // Nobody waits for what is free, but behind somebody who came first.
  const waiting = w.asked.filter(({ state }) => state === "waiting").toSorted((a, b) => a.key - b.key);
  const [first] = waiting;
  const isFree = first && w.isWithin(new Map(first.plugins.map((at) => [at, first.amounts])));
  expect(isFree ?? false).toBe(false);
}

const runs = { numRuns: 10_000 };

it("never gives more than there is, less than is guaranteed, or anything twice, in 10,000 interleavings with crashes", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.array(actions, { maxLength: 30 }), async (shape, list) => {
      const w = world(shape);
      for (const action of list) {
        act(w, action);
        await turns();
        check(w);
      }
      // A minimum is there for whoever asks first, whatever the others hold.
      for (const [at, { guaranteed }] of shape.plugins.entries()) {
        if (w.asked.some(({ state }) => state === "waiting")) break;
        const owner = ownerAt(w, at);
        const rest = Object.fromEntries(
          shared.map((resource) => [
            resource,
            Math.max(0, (guaranteed[resource] ?? 0) - (owner.taken[resource] ?? 0)),
          ]),
        );
        const given = w.ledger.tryReserve(owner, rest);
        expect(given).toBeDefined();
        if (given) w.held.push(given);
      }
      // Those who hold give back, one after the other: everybody who waits is served, and in the end nothing is held.
      for (let at = 0; at < w.held.length; at++) {
        w.held[at]?.release();
        await turns();
        w.held[at]?.release();
      }
      expect(w.asked.filter(({ state }) => state === "waiting")).toEqual([]);
      const empty = world(shape);
      expect(w.platform.taken).toEqual(empty.platform.taken);
      expect(w.plugins.map(({ taken }) => taken)).toEqual(w.plugins.map(() => ({})));
    }),
    runs,
  );
}, 120_000);

it("names every resource with a unit", () => {
  expect(RESOURCES).toEqual(["memoryBytes", "workers", "handles", "startSlots", "networkBytesPerSecond"]);
});
