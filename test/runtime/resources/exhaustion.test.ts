import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import type { Mode } from "../../../src/plugin/define.ts";
import { execute } from "../../support/command.ts";
import { activating, applyAll, generationOf, publishSample, temporaryFolder } from "../../support/root.ts";

/** Holds as many arrays of 1 MiB as the load and the mode allow, some of them new all the time. */
const holding = (isTrading: boolean): string =>
  activating(`const load = require("load");
    const SHARE = { full: 1, reduced: 0.6, "read-only": 0.3, off: 0 };
    let mode = "full", held = [], turn = 0;
    const fit = () => {
      const most = Math.floor(load() * SHARE[mode]);
      if (++turn % 10 === 0) held.shift();
      held.length = Math.min(held.length, most);
      if (held.length < most) held.push(new Array(131072).fill(turn + 0.5));
    };
    let timer;
    ${isTrading ? `context.pin("open orders");` : ""}
    return { main: {
      start() { timer = setInterval(fit, 20); },
      stop() { clearInterval(timer); held = []; },
      degrade(next) { mode = next; fit(); },
    } };`);

/** Thirty plugins of both systems; of each system one is critical, and two have open orders. */
const plugins = ["exchange", "risk"].flatMap((system) =>
  Array.from({ length: 15 }, (_, at) => ({
    name: `${system}-${String(at).padStart(2, "0")}`,
    kind: system === "exchange" ? ("exchange-connector" as const) : ("risk-limit" as const),
    criticality: at === 0 ? ("critical" as const) : at < 7 ? ("important" as const) : ("optional" as const),
    priority: 3 * at + (system === "exchange" ? 1 : 0),
    isTrading: at === 5 || at === 10,
  })),
);

interface Line {
  readonly event: "mode" | "pressure" | "peak" | "end";
  readonly facet: string;
  readonly mode: Mode;
  readonly level: string;
  readonly pressure: { readonly level: string; readonly degraded: readonly unknown[] };
  readonly serving: number;
}

const MODES: readonly Mode[] = ["full", "reduced", "read-only", "off"];
const nameOf = ({ facet }: Pick<Line, "facet">): string => facet.slice("@acme/".length, -"#main".length);

it("brings thirty plugins of both systems through a load that is more than 512 MiB can hold, and back", async () => {
  const root = await temporaryFolder();
  const published = [];
  for (const { name, isTrading, kind, criticality, priority } of plugins) {
    published.push(
      await publishSample(root, {
        name,
        code: holding(isTrading),
        manifest: {
          kind,
          criticality,
          priority,
          hostProvided: ["load"],
          resources: { memoryMiB: 10, startTimeoutMs: 20_000, drainTimeoutMs: 5000, stopTimeoutMs: 5000 },
        },
      }),
    );
  }
  const facets = Object.fromEntries(plugins.map(({ name }) => [`${name}#main`, {}]));
  const memory = { platformMiB: 512, systemsMiB: { exchange: 256, risk: 256 } };
  await applyAll(root, { ...generationOf(published, facets), memory });

  const host = fileURLToPath(new URL("./exhaustion-host.ts", import.meta.url));
  const ended = await execute(process.execPath, ["--max-old-space-size=512", host, root], { cwd: root });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const lines = ended.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  const steps = lines.filter(({ event }) => event === "mode");

  // Everything that is not pinned was put in another mode, in the declared order, and nothing that is.
  const order = plugins
    .filter(({ criticality, isTrading }) => criticality !== "critical" && !isTrading)
    .toSorted(
      (a, b) =>
        Number(a.criticality === "important") - Number(b.criticality === "important") ||
        b.priority - a.priority,
    )
    .map(({ name }) => name);
  for (const mode of MODES.slice(1)) {
    const first = new Set(steps.filter((step) => step.mode === mode).map(nameOf));
    expect([...first]).toEqual(order.slice(0, first.size));
  }
  expect(new Set(steps.filter(({ mode }) => mode === "reduced").map(nameOf)).size).toBe(order.length);
  expect(lines.map(({ level }) => level)).toContain("critical");

  // Each step that was taken back was the last of those that held.
  const held: Line[] = [];
  for (const step of steps) {
    const before = held.findLast(({ facet }) => facet === step.facet)?.mode ?? "full";
    const isDeeper = MODES.indexOf(step.mode) > MODES.indexOf(before);
    if (isDeeper) held.push(step);
    expect(isDeeper || held.pop()?.facet === step.facet).toBe(true);
  }
  expect(held).toEqual([]);
  expect(lines.at(-1)).toMatchObject({ event: "end", serving: 30, pressure: { degraded: [] } });
}, 120_000);
