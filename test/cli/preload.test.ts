import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import type { StartSummary } from "../../src/cli/start-report/summary.ts";
import { tradsys, tradsysJson } from "../support/command.ts";
import { activeDesk } from "../support/desk.ts";

it("compiles ahead, once: the next start finds all of it", async () => {
  const folder = await activeDesk();
  const first = await tradsys(folder, "preload --compile");
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toContain("compiled  5 plugins for the next start");
  expect((await tradsys(folder, "preload --compile")).stdout).toContain("compiled  0 plugins");

  const { code, data } = await tradsysJson(folder, "preload --report report.json");
  expect(code).toBe(0);
  expect(data).toMatchObject({
    start: { pack: "used", codeCache: { state: "used", hits: 5, misses: 0, rejected: [] } },
    written: ["report.json"],
  });
});

it("writes how long each part of a start took: as JSON, for trace viewers, and as a page", async () => {
  const folder = await activeDesk();
  const { code, stderr, stdout } = await tradsys(
    folder,
    "preload --report report.json --trace trace.json --timeline timeline.html",
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/started {3}5 plugins in .* ms, and stopped again/);

  const text = async (file: string): Promise<string> => readFile(join(folder, file), "utf8");
  const report = JSON.parse(await text("report.json")) as StartSummary;
  expect(report.plugins).toHaveLength(5);
  expect(report.plugins[0]).toMatchObject({
    plugin: "@tradsys/connector-kraken-sim",
    activation: "critical",
    isolation: "inline",
    compile: expect.any(Number),
    activate: expect.any(Number),
    readyMs: expect.any(Number),
  });
  // Orders wait for risk, which waits for market data.
  expect(report.criticalPath.at(-1)).toBe("@tradsys/connector-kraken-sim#order-entry");

  const { traceEvents } = JSON.parse(await text("trace.json")) as {
    traceEvents: readonly { ph: string; name: string; ts?: number; dur?: number }[];
  };
  expect(traceEvents.filter(({ ph }) => ph === "M")).toHaveLength(5);
  expect(traceEvents.filter(({ ph, dur = 0 }) => ph === "X" && dur >= 0)).toHaveLength(22);

  const page = await text("timeline.html");
  expect(page.match(/<tr tabindex/g)).toHaveLength(5);
  expect(page).toContain("on the critical path");
  expect(page).not.toMatch(/(?:src|href)=|https?:/);
});
