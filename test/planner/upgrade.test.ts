import { describe, expect, it } from "vitest";

import { facetId } from "../../src/domain/ids.ts";
import type { Candidate } from "../../src/domain/lock.ts";
import type { Plan, Wave } from "../../src/domain/plan.ts";
import { explainRefusal } from "../../src/planner/explain.ts";
import { planDeployment, type PlanInput } from "../../src/planner/plan.ts";
import { named, needs, needsPort, plugin } from "../resolver/registry.ts";
import { FIRST_DEPLOYMENT, SECOND_DEPLOYMENT, TRADING } from "../resolver/trading.ts";
import { activated, planFor, planInput } from "./lock.ts";

const short = (id: string): string => id.replace("@tradsys/", "");

const reader = (version: string, range: string, when: "start" | "enable" = "start") =>
  plugin(`reader ${version}`, { requires: [needsPort("feed", range, { when })] });
const feed = (version: string, manifest = {}) =>
  plugin(`feed ${version}`, { provides: { feed: version } }, manifest);

const readers = (version: string, range: string) =>
  ["r1", "r2", "r3"].map((name) => plugin(`${name} ${version}`, { requires: [needsPort("feed", range)] }));

const venue = (name: string) => plugin(`${name} 1.0.0`, { provides: { quotes: "1.0.0" } });

const keeper = (version: string, canRestoreFrom: string) =>
  plugin(`keeper ${version}`, {}, { state: { schemaVersion: 1, canRestoreFrom } });

/** The steps of each wave in short: `+` starts, `-` stops, `~` replaces, `%` rebinds; a group of several in brackets. */
const told = ({ waves }: Pick<Plan, "waves">): string[] => waves.map(waveText);

function waveText({ groups, held }: Wave): string {
  const texts = groups.map(({ steps }) => {
    const parts = steps.flatMap(({ action, plugin: name, start, stop }) => {
      if (action === "start") return start.map((id) => `+${short(id)}`);
      if (action === "stop") return stop.map((id) => `-${short(id)}`);
      return action === "rebind" ? start.map((id) => `%${short(id)}`) : [`~${short(name)}`];
    });
    return new Set(steps.map((step) => step.plugin)).size > 1 ? `[${parts.join(" ")}]` : parts.join(" ");
  });
  const holds = held.length > 0 ? ` held: ${held.map((id) => id.replace("@tradsys/", "")).join(" ")}` : "";
  return texts.join(" ") + holds;
}

const everything = (candidates: readonly Candidate[]) =>
  Object.fromEntries(candidates.map(({ manifest }) => [manifest.name.replace("@tradsys/", ""), "*"]));

/** A plan from one store to another, everything in each deployed. */
const upgradeOf = (
  before: readonly Candidate[],
  after: readonly Candidate[],
  more: Partial<PlanInput> = {},
) => planInput(after, everything(after), { base: activated(planInput(before, everything(before))), ...more });

describe("the desk with three venues", () => {
  it("moves what shares a normaliser at once, since no version accepts both, and the rest around it", () => {
    const base = activated(planInput(TRADING, FIRST_DEPLOYMENT));
    const plan = planFor(planInput(TRADING, SECOND_DEPLOYMENT, { base }));
    expect(told(plan)).toMatchInlineSnapshot(`
      [
        "~calendar-mena [~connector-kraken ~md-normaliser ~risk-core]",
        "~connector-binance",
      ]
    `);
    expect(plan.waves.flatMap(({ groups }) => groups.flatMap(({ because = [] }) => because)))
      .toMatchInlineSnapshot(`
      [
        "@tradsys/connector-kraken 1.6.2 needs plugin:@tradsys/md-normaliser ^1.8, and @tradsys/md-normaliser has 2.0.0",
        "@tradsys/connector-kraken 1.7.0 needs plugin:@tradsys/md-normaliser ^2, and @tradsys/md-normaliser has 1.9.1",
      ]
    `);
  });

  it("needs no group where the normaliser may run twice for a while", () => {
    const store = TRADING.map((candidate) =>
      candidate.manifest.name === named("md-normaliser")
        ? plugin(`md-normaliser ${candidate.manifest.version}`, candidate.manifest, { multiVersion: true })
        : candidate,
    );
    const base = activated(planInput(store, FIRST_DEPLOYMENT));
    const plan = planFor(planInput(store, SECOND_DEPLOYMENT, { base }));
    expect(told(plan)).toMatchInlineSnapshot(`
      [
        "~calendar-mena +md-normaliser#main",
        "~connector-binance ~connector-kraken ~risk-core",
        "-md-normaliser#main",
      ]
    `);
    expect(plan.relaxed).toEqual([{ kind: "side-by-side", plugin: "@tradsys/md-normaliser" }]);
  });

  it("takes a desk down in exactly the reverse of the order in which it came up", () => {
    const up = planInput([...TRADING, plugin("lone 1.0.0")], { ...FIRST_DEPLOYMENT, lone: "*" });
    const down = planInput([plugin("lone 1.0.0")], { lone: "*" }, { base: activated(up) });
    const started = planFor(up).waves.map(({ groups }) =>
      groups.flatMap(({ steps }) => steps.flatMap(({ start }) => start)).filter((id) => !id.includes("lone")),
    );
    const stopped = planFor(down).waves.map(({ groups }) =>
      groups.flatMap(({ steps }) => steps.flatMap(({ stop }) => stop)),
    );
    expect(stopped.map((wave) => wave.toSorted())).toEqual(
      started.toReversed().map((wave) => wave.toSorted()),
    );
  });
});

describe("where one plugin at a time is impossible", () => {
  const before = [feed("1.0.0"), reader("1.0.0", "^1")];
  const after = [feed("2.0.0"), reader("2.0.0", "^2")];

  it("changes both at once and says why", () => {
    const plan = planFor(upgradeOf(before, after));
    expect(told(plan)).toEqual(["[~feed ~reader]"]);
    expect(plan.waves[0]?.groups[0]?.because).toEqual([
      "@tradsys/reader 2.0.0 needs port:feed ^2, and @tradsys/feed has 1.0.0",
      "@tradsys/reader 1.0.0 needs port:feed ^1, and @tradsys/feed has 2.0.0",
    ]);
  });

  it("holds a facet back where its need can wait", () => {
    const plan = planFor(
      upgradeOf(
        [feed("1.0.0"), reader("1.0.0", "^1", "enable")],
        [feed("2.0.0"), reader("2.0.0", "^2", "enable")],
      ),
    );
    expect(told(plan)).toEqual(["~reader held: reader#main", "~feed held: reader#main"]);
  });

  it("runs both versions side by side before it changes two plugins at once", () => {
    const twice = [feed("1.0.0", { multiVersion: true }), feed("2.0.0", { multiVersion: true })] as const;
    const plan = planFor(upgradeOf([twice[0], reader("1.0.0", "^1")], [twice[1], reader("2.0.0", "^2")]));
    expect(told(plan)).toEqual(["+feed#main", "~reader", "-feed#main"]);
    expect(plan.waves.map(({ memoryMiB }) => memoryMiB)).toEqual([192, 192, 192]);
  });

  it("goes without the second version where memory is short", () => {
    const twice = [feed("1.0.0", { multiVersion: true }), feed("2.0.0", { multiVersion: true })] as const;
    const input = upgradeOf([twice[0], reader("1.0.0", "^1")], [twice[1], reader("2.0.0", "^2")]);
    expect(told(planFor({ ...input, memory: { platformMiB: 128 } }))).toEqual(["[~feed ~reader]"]);
    expect(planDeployment({ ...input, memory: { platformMiB: 127 } })).toEqual({
      ok: false,
      error: { kind: "memory", wave: 1, needsMiB: 128, budgetMiB: 127 },
    });
  });

  it("runs no plugin twice that keeps state", () => {
    const state = { multiVersion: true, state: { schemaVersion: 1, canRestoreFrom: "*" } };
    const plan = planFor(
      upgradeOf([feed("1.0.0", state), reader("1.0.0", "^1")], [feed("2.0.0", state), reader("2.0.0", "^2")]),
    );
    expect(told(plan)).toEqual(["[~feed ~reader]"]);
  });

  it("puts an adapter between for a while where there is one", () => {
    const adapter = plugin(
      "old-feed 1.0.0",
      { provides: { feed: "1.4.0" }, requires: [needsPort("feed", "^2")] },
      { kind: "adapter" },
    );
    const plan = planFor(
      upgradeOf([feed("1.0.0"), ...readers("1.0.0", "^1")], [feed("2.0.0"), ...readers("2.0.0", "^2")], {
        adapters: [adapter],
      }),
    );
    expect(told(plan)).toEqual(["[~feed +old-feed#main]", "~r1 ~r2 ~r3", "-old-feed#main"]);
    expect(plan.adapters.map(({ name }) => name)).toEqual(["@tradsys/old-feed"]);
  });

  it("refuses with the pair that blocks where the policy wants smaller groups", () => {
    const outcome = planDeployment(upgradeOf(before, after, { policy: { largestGroup: 1 } }));
    expect(!outcome.ok && explainRefusal(outcome.error)).toMatchInlineSnapshot(`
      {
        "hint": "Release a version that accepts both sides, or one with \`multiVersion: true\`; or raise policy.largestGroup.",
        "message": "2 plugins would have to change at once, and the policy allows 1: @tradsys/feed, @tradsys/reader
        - @tradsys/reader 2.0.0 needs port:feed ^2, and @tradsys/feed has 1.0.0
        - @tradsys/reader 1.0.0 needs port:feed ^1, and @tradsys/feed has 2.0.0",
      }
    `);
  });
});

describe("providers that come and go", () => {
  const desk = plugin("desk 1.0.0", { requires: [needsPort("quotes", "^1", { cardinality: "many" })] });

  it("tells a running facet of a new provider once that is ready, and before an old one goes", () => {
    const plan = planFor(upgradeOf([venue("a"), venue("b"), desk], [venue("b"), venue("c"), desk]));
    expect(told(plan)).toEqual(["+c#main", "%desk#main", "-a#main"]);
    expect(plan.changes.find((change) => change.plugin === named("desk"))?.action).toBe("rebind");
  });

  it("lets no two be there that refuse each other", () => {
    const refusing = plugin(
      "c 1.0.0",
      { provides: { quotes: "1.0.0" } },
      { conflicts: [{ plugin: named("a"), range: "*" }] },
    );
    const plan = planFor(upgradeOf([venue("a"), venue("b"), desk], [venue("b"), refusing, desk]));
    expect(told(plan)).toEqual(["[-a#main +c#main %desk#main]"]);
  });

  it("has nothing to do where nothing changes", () => {
    const plan = planFor(upgradeOf([venue("a"), desk], [venue("a"), desk]));
    expect(plan.waves).toEqual([]);
    expect(plan.next).toBe(plan.base);
  });
});

describe("state that is handed over", () => {
  it("needs consent for a step that cannot be taken back", () => {
    const input = upgradeOf([keeper("1.0.0", "^1")], [keeper("2.0.0", ">=1")]);
    const outcome = planDeployment(input);
    expect(!outcome.ok && explainRefusal(outcome.error)).toMatchInlineSnapshot(`
      {
        "hint": "--accept-one-way takes them nevertheless.",
        "message": "these changes cannot be undone:
        - @tradsys/keeper 1.0.0 → 2.0.0: the old version cannot take back the state of the new one",
      }
    `);
    const plan = planFor({ ...input, request: { ...input.request, acceptsOneWay: true } });
    expect(plan.waves[0]?.groups[0]?.steps[0]?.oneWay).toBe(true);
  });

  it("needs consent where the new version cannot take the state over", () => {
    const outcome = planDeployment(upgradeOf([keeper("1.0.0", "*")], [keeper("2.0.0", "^2")]));
    expect(!outcome.ok && explainRefusal(outcome.error).message).toContain("cannot take over the state");
  });

  it("asks nothing where both ways are open", () => {
    expect(told(planFor(upgradeOf([keeper("1.0.0", "*")], [keeper("2.0.0", "*")])))).toEqual(["~keeper"]);
  });
});

describe("order that a deployment asks for", () => {
  const three = ["a", "b", "c"].map((name) => plugin(`${name} 1.0.0`));
  const ordered = (order: NonNullable<PlanInput["order"]>) =>
    told(planFor(planInput(three, everything(three), { order })));

  it("starts stages one after the other", () => {
    const stages = { risk: ["@tradsys/a"], "market-data": ["@tradsys/c#main"], strategy: ["@tradsys/b"] };
    expect(ordered({ stages })).toEqual(["+c#main", "+a#main", "+b#main"]);
  });

  it("keeps to before and after", () => {
    expect(
      ordered({ rules: [{ start: "@tradsys/c", before: ["@tradsys/a"], after: ["@tradsys/b"] }] }),
    ).toEqual(["+b#main", "+c#main", "+a#main"]);
  });

  it("points at the rule that contradicts a requirement", () => {
    const store = [plugin("a 1.0.0", { requires: [needs("b", "*")] }), plugin("b 1.0.0")];
    const outcome = planDeployment(
      planInput(store, everything(store), {
        order: { rules: [{ start: "@tradsys/a", before: ["@tradsys/b"] }] },
      }),
    );
    expect(
      !outcome.ok &&
        outcome.error.kind === "cycle" &&
        outcome.error.edges.map(({ origin }) => origin.pointer),
    ).toEqual(["/facets/main/requires/0", "/order/rules/0"]);
  });

  it("does not make plugins change at once for the sake of an order", () => {
    const plan = planFor(
      upgradeOf([feed("1.0.0"), reader("1.0.0", "^1")], [feed("2.0.0"), reader("2.0.0", "*")], {
        order: { rules: [{ start: "@tradsys/feed", before: ["@tradsys/reader"] }] },
      }),
    );
    expect(told(plan)).toEqual(["~reader", "~feed"]);
  });
});

describe("times", () => {
  it("takes what was measured before what manifests allow, and finds the longest chain", () => {
    const store = [
      plugin("a 1.0.0", { requires: [needs("b", "*"), needs("c", "*")] }),
      plugin("b 1.0.0"),
      plugin("c 1.0.0"),
    ];
    const measured = new Map([
      [facetId(named("b"), "main"), 20],
      [facetId(named("c"), "main"), 30],
    ]);
    const { start } = planFor(planInput(store, everything(store), { measured }));
    expect(start.criticalPath).toEqual(["@tradsys/c#main", "@tradsys/a#main"]);
    expect(start.criticalPathMs).toBe(1030);
  });
});

const codec = (version: string, manifest: Partial<Candidate["manifest"]> = {}) =>
  plugin(`codec ${version}`, { provides: {} }, { multiVersion: true, ...manifest });
const desk = (name: string, version: string, range: string) =>
  plugin(`${name} ${version}`, { requires: [needs("codec", range)] });

describe("versions of one plugin side by side", () => {
  const desks = { "old-desk": "*", "new-desk": "*" };
  const both = [
    codec("7.5.3"),
    codec("8.0.0"),
    desk("old-desk", "1.0.0", "^7"),
    desk("new-desk", "1.0.0", "^8"),
  ];

  it("start from nothing, each before who needs it", () => {
    const plan = planFor(planInput(both, desks));
    expect(plan.generation.plugins.map(({ name, version }) => `${name} ${version}`)).toContainEqual(
      "@tradsys/codec 7.5.3",
    );
    expect(plan.generation.facets.map(({ id, after }) => [short(id), after.map(short)])).toEqual([
      ["codec@7.5.3#main", []],
      ["codec@8.0.0#main", []],
      ["new-desk#main", ["codec@8.0.0#main"]],
      ["old-desk#main", ["codec@7.5.3#main"]],
    ]);
  });

  it("part from one version, and become one again, without a moment in which anybody lacks theirs", () => {
    const one = [codec("7.5.3"), desk("old-desk", "1.0.0", "^7"), desk("new-desk", "0.9.0", "^7")];
    const apart = planFor(planInput(both, desks, { base: activated(planInput(one, desks)) }));
    expect(told(apart)).toMatchInlineSnapshot(`
      [
        "+codec@7.5.3#main +codec@8.0.0#main",
        "~new-desk %old-desk#main",
        "-codec#main",
      ]
    `);
    const joined = planFor(planInput(one, desks, { base: activated(planInput(both, desks)) }));
    expect(told(joined)).toMatchInlineSnapshot(`
      [
        "+codec#main",
        "~new-desk %old-desk#main",
        "-codec@7.5.3#main -codec@8.0.0#main",
      ]
    `);
  });

  it("are upgraded one by one, and told by their versions", () => {
    const newer = [
      codec("8.1.0"),
      desk("new-desk", "1.0.0", "^8"),
      ...both.filter((_, i) => i !== 1 && i !== 3),
    ];
    const plan = planFor(planInput(newer, desks, { base: activated(planInput(both, desks)) }));
    expect(plan.changes.map(({ action, plugin: name }) => `${action} ${short(name)}`)).toEqual([
      "unchanged codec@7.5.3",
      "remove codec@8.0.0",
      "add codec@8.1.0",
      "rebind new-desk",
      "unchanged old-desk",
    ]);
    expect(told(plan)).toMatchInlineSnapshot(`
      [
        "+codec@8.1.0#main",
        "%new-desk#main",
        "-codec@8.0.0#main",
      ]
    `);
  });

  it("wait until the version is gone that runs only alone", () => {
    const alone = [
      codec("7.0.0", { multiVersion: false }),
      desk("old-desk", "0.9.0", "^7"),
      desk("new-desk", "0.9.0", "^7"),
    ];
    const plan = planFor(planInput(both, desks, { base: activated(planInput(alone, desks)) }));
    expect(told(plan)).toMatchInlineSnapshot(`
      [
        "[-codec#main +codec@7.5.3#main +codec@8.0.0#main ~new-desk ~old-desk]",
      ]
    `);
  });
});
