import type { FacetId } from "../../src/domain/ids.ts";
import { findPluginCycle } from "../../src/planner/cycle.ts";
import { explainRefusal } from "../../src/planner/explain.ts";
import { planDeployment } from "../../src/planner/plan.ts";
import { explain } from "../../src/resolver/answers/explain.ts";
import { planInput } from "../../test/planner/lock.ts";
import { resolveFrom, versionsOf } from "../../test/resolver/registry.ts";
import { CYCLIC_LIMIT, FIRST_DEPLOYMENT, TRADING } from "../../test/resolver/trading.ts";
import { must, type Say } from "./narrate.ts";

/** Act 1: three venues, two generations of the normaliser, one set that fits. */
export function resolveDesk(say: Say): Readonly<Record<string, string>> {
  const versions = versionsOf(resolveFrom(TRADING, FIRST_DEPLOYMENT));
  say("The deployment asks for ranges; this is the one set in which everything fits:");
  for (const [name, version] of Object.entries(versions)) say(`  ${name.padEnd(22)} ${version}`);
  must(versions["md-normaliser"] === "1.9.1", "one normaliser serves all three venues");
  return versions;
}

/** Act 2: a wish that cannot be fulfilled, why, and what can be done; every suggestion is resolved again. */
export function proveConflict(say: Say): readonly Readonly<Record<string, string>>[] {
  const asked = { ...FIRST_DEPLOYMENT, "connector-binance": "^3" };
  const outcome = resolveFrom(TRADING, asked);
  must(outcome.kind === "conflict", "connector-binance ^3 fits with nothing else that was asked for");
  if (outcome.kind !== "conflict") return [];
  for (const line of explain(outcome.conflict).split("\n")) say(`  ${line}`);
  return outcome.conflict.suggestions.map(({ changes }) => {
    const changed = Object.fromEntries(
      changes.map(({ name, range }) => [name.replace("@tradsys/", ""), range]),
    );
    const again = resolveFrom(TRADING, { ...asked, ...changed });
    must(again.kind === "resolved", `${JSON.stringify(changed)} was resolved again, and holds`);
    say(
      `  proved: ${Object.entries(changed)
        .map(([name, range]) => `${name} ${range}`)
        .join(", ")}`,
    );
    return changed;
  });
}

/** Act 3: the risk core reads the venues, and the venues ask the risk core; facets make an order of it. */
export function orderFacets(say: Say): readonly (readonly FacetId[])[] {
  const planned = planDeployment(planInput(TRADING, FIRST_DEPLOYMENT));
  if (!planned.ok) throw new Error(explainRefusal(planned.error).message);
  const { generation, start } = planned.value;
  say(`Between plugins there is a cycle: ${findPluginCycle(generation.facets)?.map(short).join(" → ")}.`);
  say("Between their facets there is none:");
  for (const [i, wave] of start.waves.entries()) say(`  ${i + 1}  ${wave.map(short).join(", ")}`);
  const cyclic = planDeployment(
    planInput([...TRADING, CYCLIC_LIMIT], { ...FIRST_DEPLOYMENT, "limit-daily-loss": "1.0.3" }),
  );
  must(!cyclic.ok, "a true cycle is refused, with its whole path");
  if (!cyclic.ok) for (const line of explainRefusal(cyclic.error).message.split("\n")) say(`  ${line}`);
  return start.waves;
}

const short = (id: string): string => id.replace("@tradsys/", "");
