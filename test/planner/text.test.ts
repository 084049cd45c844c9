import { join } from "node:path";
import { styleText } from "node:util";

import { describe, expect, it } from "vitest";

import { renderDiagnostic } from "../../src/cli/formats/pretty.ts";
import { dot, mermaid } from "../../src/cli/plan/graph.ts";
import { planText } from "../../src/cli/plan/text.ts";
import { printable } from "../../src/cli/render.ts";
import type { Candidate } from "../../src/domain/lock.ts";
import { explainRefusal } from "../../src/planner/explain.ts";
import { planDeployment, type PlanInput } from "../../src/planner/plan.ts";
import { REFUSAL_CODES } from "../../src/planner/refusal.ts";
import { needs, needsPort, plugin } from "../resolver/registry.ts";
import { CYCLIC_LIMIT, FIRST_DEPLOYMENT, SECOND_DEPLOYMENT, TRADING } from "../resolver/trading.ts";
import { repository } from "../support/command.ts";
import { activated, planFor, planInput } from "./lock.ts";

const golden = (name: string): string => join(repository, "test/golden/plan", name);

const everything = (candidates: readonly Candidate[]) =>
  Object.fromEntries(candidates.map(({ manifest }) => [manifest.name.replace("@tradsys/", ""), "*"]));

const move = (before: readonly Candidate[], after: readonly Candidate[], more: Partial<PlanInput> = {}) =>
  planInput(after, everything(after), { base: activated(planInput(before, everything(before))), ...more });

const keeper = (version: string, canRestoreFrom = ">=1") =>
  plugin(
    `keeper ${version}`,
    { provides: { ledger: version } },
    { state: { schemaVersion: 1, canRestoreFrom } },
  );
const reader = (version: string, range: string) =>
  plugin(`reader ${version}`, { requires: [needsPort("ledger", range)] });
const desk = [keeper("1.2.0"), reader("1.0.0", "^1"), plugin("calendar 2026.2.0")];

const oneWay = {
  before: [keeper("1.2.0", "^1"), ...desk.slice(1)],
  after: [keeper("2.0.0"), reader("2.0.0", "^2"), ...desk.slice(2)],
};

const POLICY = {
  windows: [{ days: ["sat"], open: "08:00", close: "20:00", zone: "Asia/Dubai" }],
  material: { approvals: [{ role: "risk", count: 1 }] },
  canary: { instruments: 1, orders: 20, orderValue: "1000 USDT", venues: ["BINANCE"], forMs: 600_000 },
} as const;

const PLANS: Readonly<Record<string, PlanInput>> = {
  "first-deploy": planInput(TRADING, FIRST_DEPLOYMENT),
  "no-change": move(desk, desk),
  upgrade: planInput(TRADING, SECOND_DEPLOYMENT, {
    base: activated(planInput(TRADING, FIRST_DEPLOYMENT)),
    policy: POLICY,
  }),
  downgrade: move([keeper("1.3.0"), ...desk.slice(1)], desk),
  removal: move(desk, [plugin("calendar 2026.2.0")]),
  "one-way-accepted": {
    ...move(oneWay.before, oneWay.after),
    request: { author: "ann", at: new Date("2026-03-14T12:00:00Z"), acceptsOneWay: true },
  },
  emergency: {
    ...move(desk, [keeper("1.2.1"), ...desk.slice(1)], { policy: POLICY }),
    request: {
      author: "ann",
      at: new Date("2026-03-16T12:00:00Z"),
      emergency: "runaway orders at one venue",
    },
  },
};

const REFUSALS: Readonly<Record<string, PlanInput>> = {
  conflict: move(desk, [keeper("2.0.0"), reader("2.0.0", "^2"), plugin("calendar 2026.2.0")], {
    policy: { largestGroup: 1 },
  }),
  cycle: planInput([...TRADING, CYCLIC_LIMIT], { ...FIRST_DEPLOYMENT, "limit-daily-loss": "1.0.3" }),
  freeze: {
    ...move(desk, [keeper("1.2.1"), ...desk.slice(1)], { policy: POLICY }),
    request: { author: "ann", at: new Date("2026-03-16T12:00:00Z") },
  },
  "one-way": move(oneWay.before, oneWay.after),
};

describe.for([80, 40])("on a screen of %i columns", (columns) => {
  it.for(Object.keys(PLANS))("shows %s", async (name) => {
    const plan = planFor(PLANS[name] as PlanInput);
    const lines = planText(
      plan,
      "desk.plan.json",
    )({ columns, rows: Infinity, paint: (_, text) => printable(text) });
    const text = `${lines.join("\n")}\n`.replaceAll(/\b[0-9a-f]{12}\b/g, "<digest>");
    await expect(text).toMatchFileSnapshot(golden(`${name}-${columns}.txt`));
  });
});

it.for(Object.keys(REFUSALS))("refuses a %s", async (name) => {
  const outcome = planDeployment(REFUSALS[name] as PlanInput);
  if (outcome.ok) throw new Error("it is not refused");
  const diagnostic = {
    code: REFUSAL_CODES[outcome.error.kind],
    severity: "error",
    ...explainRefusal(outcome.error),
  } as const;
  const lines = renderDiagnostic(diagnostic, { color: false, cwd: "/", sourceOf: () => undefined });
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden(`${name}.txt`));
});

it("colours what is added, changed and removed, and nothing that comes from a plugin can", () => {
  const store = [plugin("a 1.0.0"), plugin("b 1.1.0", { requires: [needs("a", "*")] })];
  const plan = planFor(move([plugin("b 1.0.0"), plugin("c 1.0.0")], store));
  const steering = { ...plan, policy: { ...plan.policy, emergency: "\u001B[2Jgone" } };
  const lines = planText(
    steering,
    "p.json",
  )({
    columns: 80,
    rows: Infinity,
    paint: (format, text) =>
      format ? styleText(format, printable(text), { validateStream: false }) : printable(text),
  });
  const text = lines.join("\n");
  for (const [format, sign] of [
    ["green", "+"],
    ["yellow", "↑"],
    ["red", "-"],
  ] as const) {
    expect(text).toContain(styleText(format, sign, { validateStream: false }));
  }
  expect(text).not.toContain("\u001B[2J");
});

it("draws the facets by waves for Mermaid and for Graphviz", async () => {
  const plan = planFor(planInput(TRADING, FIRST_DEPLOYMENT));
  await expect(mermaid(plan)).toMatchFileSnapshot(golden("first-deploy.mmd"));
  await expect(dot(plan)).toMatchFileSnapshot(golden("first-deploy.dot"));
});
