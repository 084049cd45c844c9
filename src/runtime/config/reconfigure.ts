import { canonical } from "../../domain/canonical.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { FacetId } from "../../domain/ids.ts";
import type { Generation, GenerationPlugin } from "../../domain/plan.ts";
import type { ConfigChange, Reconfiguration } from "../../plugin/define.ts";
import type { FacetState } from "../lifecycle/facet-state.ts";
import { changeTogether, type Participant } from "./change-together.ts";
import { configChanges } from "./config-changes.ts";

type Config = GenerationPlugin["config"];

/** A running plugin, as far as its configuration can change. */
export interface Configurable {
  /** `<name>@<version>`. */
  readonly label: string;
  /** Longest wait for one step, in ms. */
  readonly limitMs: number;
  /** Takes a step in each of its facets that can; `undefined` where none can. */
  configurer(): Promise<((change: Reconfiguration) => Promise<void>) | undefined>;
  /** What its next instance is given too. */
  adopt(config: Config): void;
  /** Gives it up as one that crashed: nobody knows what it runs with. */
  abandon(reason: TradsysError): void;
}

/** Running plugins, by name; by name and version where several versions run side by side. */
interface Running {
  readonly owners: ReadonlyMap<
    string,
    Configurable & { readonly facets: readonly { readonly id: FacetId }[] }
  >;
  readonly facets: { status(): ReadonlyMap<FacetId, FacetState> };
}

/** A plugin that runs with another configuration now. */
export interface Reconfigured {
  readonly plugin: string;
  readonly changes: readonly ConfigChange[];
}

interface Move {
  readonly from: Generation;
  readonly to: Generation;
}

/**
 * Gives running plugins the configuration of another generation: all whom it concerns, or none. What has not started
 * yet has nothing to take over: its first instance is given it.
 *
 * @throws {TradsysError} `CONFIG_REFUSED`: everything runs as it did.
 */
export async function reconfigure(
  { from, to }: Move,
  { owners, facets }: Running,
): Promise<readonly Reconfigured[]> {
  if (withoutConfig(from) !== withoutConfig(to)) {
    throw new TradsysError("CONFIG_REFUSED", "the two generations differ in more than configuration", {
      hint: "`upgrade` makes a running set another one.",
    });
  }
  const moves = to.plugins.flatMap((plugin, at) => {
    const changes = configChanges(from.plugins[at]?.config ?? {}, plugin.config);
    const label = `${plugin.name}@${plugin.version}`;
    const target = owners.get(label) ?? owners.get(plugin.name);
    return changes.length > 0 && target ? [{ target, label, changes, config: plugin.config }] : [];
  });
  const status = facets.status();
  const started = moves.filter(({ target }) =>
    target.facets.some(({ id }) => status.get(id)?.state !== "waiting"),
  );
  const participants = await Promise.all(
    started.map(async ({ target, label, changes, config }): Promise<Participant> => {
      const take = await target.configurer();
      if (!take) throw cannot(label, changes);
      return {
        plugin: label,
        changes,
        limitMs: target.limitMs,
        prepare: () => take({ step: "prepare", config, changes }),
        commit: () => take({ step: "commit" }),
        undo: () => take({ step: "undo" }),
        abandon: (reason) => target.abandon(reason),
      };
    }),
  );
  await changeTogether(participants);
  for (const { target, config } of moves) target.adopt(config);
  return moves.map(({ label, changes }) => ({ plugin: label, changes }));
}

/** What must be the same on both sides. */
const withoutConfig = ({ plugins, facets }: Generation): string =>
  canonical({ plugins: plugins.map((plugin) => ({ ...plugin, config: {} })), facets });

const cannot = (plugin: string, changes: readonly ConfigChange[]): TradsysError =>
  new TradsysError(
    "CONFIG_REFUSED",
    `${plugin} cannot take over ${changes.map(({ pointer }) => pointer).join(", ")} while it runs; nothing was changed`,
    { hint: "Give a facet of it `configure`, or `upgrade`, which exchanges the plugin for a new instance." },
  );
