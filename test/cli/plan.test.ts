import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import type { Plan } from "../../src/domain/plan.ts";
import { expectGolden, refusal, tradsys, tradsysJson } from "../support/command.ts";
import { activeDesk, all, edit, plannedDesk, publishedDesk, release } from "../support/desk.ts";

/** Changes are made on Saturdays only; a material change needs somebody from risk. */
const POLICY = `policy:
  windows:
    - { days: [sat], open: "08:00", close: "20:00", zone: Asia/Dubai }
  material:
    approvals: [{ role: risk, count: 1 }]
  canary: { instruments: 1, orders: 20, orderValue: 1000 USDT, forMs: 600000 }
`;
const FRIDAY = "2026-03-13T14:50+04:00";
const SATURDAY = "2026-03-14T09:00+04:00";

async function underPolicy(): Promise<string> {
  const folder = await plannedDesk();
  await appendFile(join(folder, "desk.yaml"), POLICY);
  return folder;
}

it("plans nothing outside of the window, and names the next", async () => {
  const folder = await underPolicy();
  expect(await refusal(folder, `plan desk.yaml --at ${FRIDAY}`, { golden: "plan/frozen" })).toBe(75);
});

it("plans for a time in the window, and says what must hold", async () => {
  const ended = await expectGolden(await underPolicy(), `plan desk.yaml --at ${SATURDAY}`, {
    golden: "plan/window",
  });
  expect(ended.code).toBe(0);
});

it("goes ahead in an emergency, if there is a reason", async () => {
  const folder = await underPolicy();
  const { data } = await tradsysJson(folder, `plan desk.yaml --at ${FRIDAY} --emergency runaway-orders`);
  expect((data as Plan).policy).toMatchObject({ emergency: "runaway-orders", approvers: 2 });
  expect((await tradsys(folder, `plan desk.yaml --emergency=`)).code).toBe(64);
});

it("needs consent for a step that cannot be undone", async () => {
  const folder = await activeDesk();
  const manifest = join(folder, "plugins/limit-position/plugin.yaml");
  await edit(manifest, "version: 1.3.0", "version: 1.4.0");
  await edit(manifest, 'canRestoreFrom: ">=1.3.0"', 'canRestoreFrom: "^1"');
  await release(folder, "limit-position", "tradsys-limit-position-1.4.0");
  await all(folder, ["resolve desk.yaml --upgrade", "plan desk.yaml", "apply desk.plan.json"]);
  await edit(manifest, "version: 1.4.0", "version: 2.0.0");
  await edit(manifest, 'canRestoreFrom: "^1"', 'canRestoreFrom: ">=1"');
  await release(folder, "limit-position", "tradsys-limit-position-2.0.0");
  await all(folder, ["resolve desk.yaml --upgrade"]);
  expect(await refusal(folder, "plan desk.yaml", { golden: "plan/one-way" })).toBe(1);
  await expectGolden(folder, "plan desk.yaml --accept-one-way", { golden: "plan/one-way-accepted" });
});

it("plans no change of configuration of which one half contradicts the other, and names both places", async () => {
  const folder = await activeDesk();
  const before = await tradsys(folder, "status");
  await writeFile(
    join(folder, "platform.yaml"),
    `apiVersion: tradsys/platform/v1
name: desk-host
settings: { warmUpTimeoutMs: 20000 }
systems:
  exchange: { settings: { startTimeoutMs: 10000 } }
  risk: { settings: { startTimeoutMs: 45000 } }
`,
  );
  await appendFile(join(folder, "desk.yaml"), "platform: platform.yaml\n");
  expect(await refusal(folder, "plan desk.yaml", { golden: "plan/contradiction" })).toBe(78);
  expect((await tradsys(folder, "status")).stdout).toBe(before.stdout);
});

it("has nothing to do where everything runs already", async () => {
  const { code } = await expectGolden(await activeDesk(), "plan desk.yaml", { golden: "plan/no-change" });
  expect(code).toBe(0);
});

it("keeps to an order that the deployment asks for, and points at a rule that cannot be kept", async () => {
  const folder = await publishedDesk();
  const text = await readFile(join(folder, "desk.yaml"), "utf8");
  const order = (start: string, before: string): string =>
    `${text}order:\n  rules:\n    - { start: "${start}", before: ["${before}"] }\n`;
  await all(folder, ["resolve desk.yaml"]);
  await writeFile(join(folder, "desk.yaml"), order("@tradsys/limit-position", "@tradsys/md-normaliser"));
  const { data } = await tradsysJson(folder, "plan desk.yaml");
  expect((data as Plan).start.waves[0]).not.toContain("@tradsys/md-normaliser#normalise");
  await writeFile(join(folder, "desk.yaml"), order("@tradsys/risk-core", "@tradsys/limit-position"));
  expect(await refusal(folder, "plan desk.yaml", { golden: "plan/order-cycle" })).toBe(1);
});

it("counts on times that were measured", async () => {
  const folder = await plannedDesk();
  const facet = "@tradsys/risk-core#pretrade";
  await writeFile(join(folder, "times.json"), JSON.stringify({ [facet]: 12 }));
  const { data } = await tradsysJson(folder, "plan desk.yaml --timings times.json");
  expect((data as Plan).start.estimatesMs).toMatchObject({ [facet]: 12 });
  await writeFile(join(folder, "times.json"), '{"a": "soon"}');
  expect(await refusal(folder, "plan desk.yaml --timings times.json", { golden: "plan/timings" })).toBe(65);
});

it.for(["mermaid", "dot"])("draws the facets as %s", async (format) => {
  const line = `plan desk.yaml --format ${format}`;
  expect((await expectGolden(await publishedAndResolved(), line, { golden: `plan/${format}` })).code).toBe(0);
});

it("prints the plan that it writes", async () => {
  const folder = await publishedAndResolved();
  const { stdout } = await tradsys(folder, "plan desk.yaml --format json");
  expect(stdout).toBe(await readFile(join(folder, "desk.plan.json"), "utf8"));
});

it("writes the page that a browser opens", async () => {
  const folder = await publishedAndResolved();
  await all(folder, ["plan desk.yaml --html plan.html"]);
  expect(await readFile(join(folder, "plan.html"), "utf8")).toMatch(
    /^<!doctype html>[^]*risk-core#pretrade[^]*<\/html>\n$/,
  );
});

it.for([
  { line: "plan desk.yaml --at tomorrow", golden: "usage/not-an-instant" },
  { line: "plan desk.yaml --format svg", golden: "usage/plan-format" },
])("refuses $line", async ({ line, golden }) => {
  expect(await refusal(await publishedDesk(), line, { golden })).toBe(64);
});

async function publishedAndResolved(): Promise<string> {
  const folder = await publishedDesk();
  await all(folder, ["resolve desk.yaml"]);
  return folder;
}
