import { styleText } from "node:util";

import { expect, it } from "vitest";

import type { Screen } from "../../../src/cli/command.ts";
import { hostView } from "../../../src/cli/live/host-view.ts";
import type { HostStatus } from "../../../src/runtime/index.ts";

type Plugin = HostStatus["plugins"][number];
type Facet = Plugin["facets"][number];

const NOW = Date.UTC(2026, 2, 15, 12);
const MIB = 2 ** 20;

const facet = (id: string, changes: Partial<Facet> = {}): Facet => ({
  id: id as Facet["id"],
  state: "ready",
  sinceMs: NOW - 3_700_000,
  reason: null,
  ...changes,
});

const plugin = (name: string, system: Plugin["system"], changes: Partial<Plugin> = {}): Plugin => ({
  name: name as Plugin["name"],
  version: "1.0.0",
  content: `sha256:${"a".repeat(64)}` as Plugin["content"],
  system,
  level: "inline",
  memoryBytes: null,
  crashes: 0,
  restarts: 0,
  facets: [facet(`${name}#main`)],
  ...changes,
});

const host = (plugins: readonly Plugin[]): HostStatus => ({
  apiVersion: "tradsys/host-status/v1",
  pid: 4711,
  phase: "running",
  atMs: NOW,
  startedAtMs: NOW - 90_000,
  generation: `sha256:${"b".repeat(64)}` as Plugin["content"],
  deployment: "paper-desk",
  notReady: [],
  plugins,
  process: { rssBytes: 84 * MIB, heapUsedBytes: 20 * MIB, eventLoopDelayMs: 1.4 },
});

const DESK = host([
  plugin("@tradsys/connector-binance", "exchange", {
    level: "worker",
    memoryBytes: 41.5 * MIB,
    crashes: 2,
    restarts: 2,
    facets: [
      facet("@tradsys/connector-binance#market-data"),
      facet("@tradsys/connector-binance#order-entry", {
        state: "degraded",
        reason: "no account stream",
        sinceMs: NOW - 4000,
      }),
    ],
  }),
  plugin("@tradsys/connector-with-a-name-that-does-not-end", "exchange", {
    facets: [
      facet("@tradsys/connector-with-a-name-that-does-not-end#account", {
        state: "quarantined",
        sinceMs: NOW - 50_000,
        reason:
          "it crashed 4 times in 60 s: ECONNRESET while it read the account of a venue that does not answer",
      }),
    ],
  }),
  plugin("@tradsys/risk-core", "risk"),
  plugin("@tradsys/history", "strategy", {
    facets: [facet("@tradsys/history#main", { state: "waiting", sinceMs: null })],
  }),
]);

const screen = (columns: number, rows = Infinity): Screen => ({ columns, rows, paint: (_, text) => text });

it.each([120, 80, 40, 24])("fits a screen of %i columns", async (columns) => {
  const lines = hostView(DESK, screen(columns));
  expect(lines.filter((line) => line.length >= columns)).toEqual([]);
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`../../golden/cli/live/${columns}.txt`);
});

it("only counts what serves where there are more facets than rows", async () => {
  const many = Array.from({ length: 60 }, (_, i) => plugin(`@acme/limit-${i}`, "risk"));
  const lines = hostView(host([...DESK.plugins, ...many]), screen(80, 16));
  expect(lines.length).toBeLessThan(16);
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("../../golden/cli/live/many.txt");
});

const failing = (name: string): Plugin =>
  plugin(name, "risk", { facets: [facet(`${name}#main`, { state: "failed" })] });

it("says how much it leaves out where even what does not serve is too much", () => {
  const lines = hostView(
    host(Array.from({ length: 60 }, (_, i) => failing(`@acme/limit-${i}`))),
    screen(80, 16),
  );
  expect(lines).toHaveLength(15);
  expect(lines.at(-1)).toBe("… 48 more lines");
});

it("colours a state by whether the facet serves", () => {
  const painted = hostView(DESK, {
    ...screen(80),
    paint: (format, text) => (format ? styleText(format, text, { validateStream: false }) : text),
  });
  expect(painted.find((line) => line.includes("order-entry"))).toContain("\u001B[33mdegraded");
  expect(painted.find((line) => line.includes("#account"))).toContain("\u001B[31mquarantined");
});
