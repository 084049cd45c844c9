import { isSameJson } from "../../domain/canonical.ts";
import { messageOf, TradsysError } from "../../domain/errors.ts";
import { byInstance, type FacetId, instanceOf, type InstanceName } from "../../domain/ids.ts";
import type { Generation } from "../../domain/plan.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import type { Facets } from "../lifecycle/facets.ts";
import { type Host, Owner } from "../startable.ts";
import type { EventChannel } from "./events.ts";

/** A running set, as far as plugins of it are exchanged. */
export interface Swapping {
  readonly facets: Facets;
  readonly owners: Map<InstanceName, Owner>;
  readonly host: Host;
  readonly events: EventChannel;
  readonly signal: AbortSignal;
}

/** One plugin that was exchanged. */
export interface Swapped {
  /** `<name>@<version>`, before and now. */
  readonly from: string;
  readonly to: string;
  /** The longest that calls had to wait, in milliseconds; 0 where no state had to be handed over. */
  readonly darkMs: number;
}

/**
 * Exchanges a plugin for another instance or version without stopping those that use it. Resolves once the one before
 * has ended its work and given back all it had.
 *
 * @throws {TradsysError} `SWAP_FAILED`: the one before serves as it did.
 */
export async function swap(set: Swapping, key: InstanceName, next: Owner): Promise<Swapped> {
  const { facets, owners, host, events, signal } = set;
  const running = owners.get(key);
  if (!running)
    throw new TradsysError("SWAP_FAILED", `${key} is not running, so nothing can take over from it`);
  const kept = next.facets.filter(({ id }) => running.facets.some((facet) => facet.id === id));
  try {
    const { darkMs, retired } = await facets.replace(kept, signal);
    // Another swap may have come before this one.
    const before = owners.get(key) ?? running;
    owners.set(key, next);
    // Nobody was there to hear of it before it took over.
    if (next.crash) host.onCrash(next, next.crash);
    await retired;
    await facets.retire(idsOf(before).filter((id) => !idsOf(next).includes(id)));
    await before.close();
    const swapped = { from: before.label, to: next.label, darkMs };
    events.tell({ event: "swapped", plugin: next.label, from: before.label, darkMs });
    return swapped;
  } catch (error) {
    await next.close();
    events.tell({
      event: "rolled-back",
      plugin: running.label,
      from: next.label,
      reason: messageOf(error),
    });
    throw error;
  }
}

/** What a running set is to become. */
export interface Target {
  readonly generation: Generation;
  readonly plugins: readonly VerifiedPlugin[];
  /** Versions whose state a plugin takes over although its form is another, by plugin: as the plan decided it. */
  readonly restoresFrom: ReadonlyMap<string, readonly string[]>;
}

/**
 * Makes a running set another one, a plugin at a time in start order: what is new is started, what differs is
 * swapped, what is gone is stopped last. Whatever fails takes all of it back.
 *
 * @returns What was swapped.
 * @throws {TradsysError} `SWAP_FAILED`, or why something new did not start: the set is what it was.
 */
export async function upgrade(set: Swapping, target: Target): Promise<readonly Swapped[]> {
  const { facets, owners, host, signal } = set;
  const { generation, plugins, restoresFrom } = target;
  const wiring = Map.groupBy(generation.facets, ({ id }) => instanceOf(id));
  const wanted = byInstance(plugins);
  const undo: (() => Promise<unknown>)[] = [];
  const swapped: Swapped[] = [];
  try {
    for (const key of wiring.keys()) {
      const [plugin, own, before] = [wanted.get(key), wiring.get(key) ?? [], owners.get(key)];
      if (!plugin || (before && isSame(before, plugin, own))) continue;
      const next = new Owner(plugin, own, { host, restoresFrom: restoresFrom.get(key) ?? [] });
      if (before && serves(facets, before)) {
        swapped.push(await swap(set, key, next));
        undo.push(() => swap(set, key, new Owner(before.plugin, before.wiring, { host })));
      } else {
        undo.push(() => install(set, key, before));
        await install(set, key, next);
      }
      facets.arrange([...owners.values()].flatMap((owner) => owner.facets));
      const failures = await facets.start(idsOf(next), { signal });
      for (const error of failures.values()) throw error;
    }
  } catch (error) {
    for (const takeBack of undo.toReversed()) await takeBack();
    facets.arrange([...owners.values()].flatMap((owner) => owner.facets));
    await facets.start([...facets.status().keys()], { signal });
    throw error;
  }
  const gone = [...owners].filter(([key]) => !wiring.has(key));
  await facets.retire(gone.flatMap(([, owner]) => idsOf(owner)));
  for (const [key, owner] of gone) {
    owners.delete(key);
    await owner.close();
  }
  const byId = new Map(
    [...owners.values()].flatMap((owner) => owner.facets).map((facet) => [facet.id, facet]),
  );
  facets.arrange(generation.facets.flatMap(({ id }) => byId.get(id) ?? []));
  return swapped;
}

/** Puts a plugin in the place of one that does not serve, or of none; nothing, where there was none before. */
async function install(
  { facets, owners }: Swapping,
  key: InstanceName,
  next: Owner | undefined,
): Promise<void> {
  const before = owners.get(key);
  if (before) {
    await facets.retire(idsOf(before));
    owners.delete(key);
  }
  if (next) owners.set(key, next);
  facets.arrange(
    [...owners.values()].flatMap((owner) => owner.facets),
    next ? idsOf(next) : [],
  );
  await before?.close();
}

/** Stops a plugin, whose facets wait from then on for somebody to use them. */
export async function unload({ facets, owners, host }: Swapping, key: InstanceName): Promise<void> {
  const before = owners.get(key);
  if (!before) return;
  await facets.retire(idsOf(before));
  const next = new Owner(before.plugin, before.wiring, { host });
  owners.set(key, next);
  const byId = new Map([...owners.values()].flatMap((owner) => owner.facets).map((each) => [each.id, each]));
  facets.arrange(
    [...facets.status().keys()].flatMap((id) => byId.get(id) ?? []),
    idsOf(next),
  );
  await before.close();
}

/** Has another instance of the same plugin take over. @throws {TradsysError} `SWAP_FAILED` */
export async function renew(set: Swapping, key: InstanceName): Promise<void> {
  const before = set.owners.get(key);
  if (before) await swap(set, key, new Owner(before.plugin, before.wiring, { host: set.host }));
}

const idsOf = (owner: Owner): readonly FacetId[] => owner.facets.map(({ id }) => id);

const serves = (facets: Facets, owner: Owner): boolean => {
  const status = facets.status();
  return idsOf(owner).every((id) => ["ready", "degraded"].includes(status.get(id)?.state ?? ""));
};

/** Whether a plugin runs as it is wanted: the same code, with the same configuration and the same ports. */
const isSame = ({ plugin, wiring }: Owner, wanted: VerifiedPlugin, facets: Owner["wiring"]): boolean =>
  plugin.content === wanted.content &&
  plugin.isolation === wanted.isolation &&
  isSameJson(plugin.config, wanted.config) &&
  isSameJson(wiring, facets);
