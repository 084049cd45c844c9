import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import type { PluginName } from "../../../src/domain/ids.ts";
import type { Metric } from "../../../src/domain/manifest.ts";
import { takenNames } from "../../../src/domain/metric-names.ts";
import { HostMonitor } from "../../../src/runtime/index.ts";
import { alertRules } from "../../../src/runtime/telemetry/alert-rules.ts";
import { catalogueOf } from "../../../src/runtime/telemetry/catalogue.ts";
import { dashboardOf } from "../../../src/runtime/telemetry/dashboard.ts";
import { temporaryFolder } from "../../support/root.ts";
import { start, withPort } from "../isolation/levels.ts";

const metrics: readonly Metric[] = [
  { name: "tradsys_risk_checks_total", type: "counter", unit: "1", labels: ["verdict"] },
  { name: "tradsys_risk_check_seconds", type: "histogram", unit: "seconds", labels: [] },
];
const named = (name: string) => ({ name: name as PluginName, metrics });
const catalogue = catalogueOf([named("@acme/a"), named("@acme/b")]);

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboard = dashboardOf(catalogue);
const panels = dashboard.panels as Panel[];

it("lists a metric that several plugins record once, with all of them", () => {
  const checks = catalogue.filter(({ name }) => name === "tradsys_risk_checks_total");
  expect(checks).toMatchObject([{ owners: ["@acme/a", "@acme/b"], labels: ["system", "plugin", "verdict"] }]);
});

it("draws every metric in a place of its own", () => {
  const drawn = panels.filter(({ type }) => type !== "row");
  expect(drawn).toHaveLength(catalogue.length);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
});

it("makes equal bytes of equal plugins, whatever their order", () => {
  const turned = dashboardOf(catalogueOf([named("@acme/b"), named("@acme/a")]));
  expect(JSON.stringify(turned)).toBe(JSON.stringify(dashboard));
});

it("asks in rules and panels only for series that there are", () => {
  const known = new Set(catalogue.flatMap((metric) => [metric.exposed, ...takenNames(metric)]));
  const queries = [alertRules(), ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))];
  const asked = queries.flatMap((query) => query.match(/\btradsys_[a-z0-9_]+/g) ?? []);
  expect(asked.length).toBeGreaterThan(40);
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
});

it("lists all that a host tells of itself", async () => {
  const monitor = new HostMonitor();
  const { ask } = await start(
    [
      { name: "near", code: withPort("async think() {}") },
      { name: "far", level: "worker", code: withPort("async think() {}") },
    ],
    { observe: monitor.observe },
  );
  await ask("far", "think");
  const told = [...monitor.metrics().matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  monitor.close();
  const listed = new Set(catalogue.map(({ exposed, type }) => `${exposed} ${type}`));
  expect(told.length).toBeGreaterThan(10);
  expect(told.filter((each) => !listed.has(each))).toEqual([]);
});

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

it.skipIf(!hasPromtool)("makes rules that promtool takes (skipped where promtool is absent)", async () => {
  const file = join(await temporaryFolder(), "rules.yml");
  await writeFile(file, alertRules());
  const checked = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
  expect(checked.stdout + checked.stderr).toMatch(/SUCCESS: 19 rules found/);
  expect(checked.status).toBe(0);
});

it.skipIf(!hasPromtool)(
  "makes panels whose queries promtool takes (skipped where promtool is absent)",
  async () => {
    const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const rules = exprs.map((expr, i) => ({
      record: `panel_${i}`,
      expr: expr.replaceAll("$__rate_interval", "5m"),
    }));
    const file = join(await temporaryFolder(), "panels.yml");
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
    const checked = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    expect(checked.stdout + checked.stderr).toContain(`SUCCESS: ${rules.length} rules found`);
  },
);
