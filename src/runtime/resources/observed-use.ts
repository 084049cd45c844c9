import { byText } from "../../domain/by-text.ts";
import type { PluginName } from "../../domain/ids.ts";
import type { HostFolder } from "../../store/host-folder.ts";

/** What was seen of a plugin in earlier runs on this host. */
interface Observed {
  /** Runs in which it was used, the recent ones counting most: 1 where it is used in every run. */
  readonly uses: number;
  /** Most memory that it was ever seen to use, in bytes; 0 where that was not measured. */
  readonly peakBytes: number;
}

export type ObservedUse = ReadonlyMap<PluginName, Observed>;

/** What was seen of a plugin in one run. */
export interface Seen {
  readonly wasUsed: boolean;
  readonly peakBytes: number;
}

/** How much a run counts beside all before it. */
const WEIGHT = 0.3;
/** From this on a plugin counts as one that will be used. */
const LIKELY = 0.5;
/** Plugins that are remembered; those that are used least are forgotten. */
const MOST = 1000;

/** What is known after one more run. Plugins that it did not have are forgotten by and by. */
export function afterRun(known: ObservedUse, run: ReadonlyMap<PluginName, Seen>): ObservedUse {
  const names = [...new Set([...known.keys(), ...run.keys()])];
  const after = names.map((name): [PluginName, Observed] => {
    const { uses, peakBytes } = known.get(name) ?? { uses: 0, peakBytes: 0 };
    const seen = run.get(name);
    return [
      name,
      {
        uses: uses * (1 - WEIGHT) + (seen?.wasUsed === true ? WEIGHT : 0),
        peakBytes: Math.max(peakBytes, seen?.peakBytes ?? 0),
      },
    ];
  });
  return new Map(
    after
      .filter(([name, { uses }]) => run.has(name) || uses > 0.01)
      .toSorted(([a, x], [b, y]) => y.uses - x.uses || byText(a, b))
      .slice(0, MOST),
  );
}

/** Those that will probably be used, the most likely first: worth loading before anybody asks, and keeping longer. */
export const likelyUsed = (known: ObservedUse): readonly PluginName[] =>
  [...known]
    .filter(([, { uses }]) => uses >= LIKELY)
    .toSorted(([a, x], [b, y]) => y.uses - x.uses || byText(a, b))
    .map(([name]) => name);

const ID = { kind: "use", purpose: "observed use" } as const;

/** What this host has seen; nothing where that is missing, damaged or forged. */
export async function readObservedUse(host: HostFolder | undefined): Promise<ObservedUse> {
  const pack = (await host?.read<readonly (readonly [PluginName, Observed])[]>(ID)) ?? "missing";
  return new Map(typeof pack === "string" ? [] : pack.head);
}

/** Adds a run to what this host has seen, where it has a folder to keep that in. */
export async function keepObservedUse(
  host: HostFolder | undefined,
  run: ReadonlyMap<PluginName, Seen>,
): Promise<void> {
  if (!host) return;
  const known = await readObservedUse(host);
  // Without it the next start knows less, and that is all.
  await writeObservedUse(host, afterRun(known, run)).catch(() => undefined);
}

/** @throws {TradsysError} `CANNOT_WRITE` */
export const writeObservedUse = (host: HostFolder, use: ObservedUse): Promise<void> =>
  host.write(ID, [...use], new Map());
