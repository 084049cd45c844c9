import { expect, it } from "vitest";

import type { RuntimeEvent } from "../../../src/runtime/index.ts";
import { facet } from "../../support/root.ts";
import { start, withPort, type Actor } from "../isolation/levels.ts";

/** Twelve dependants in three rows of four: each row needs the one before, the first one the connector. */
const ROWS = [0, 1, 2].map((row) => [0, 1, 2, 3].map((at) => `d${row}${at}`));

const actors: readonly Actor[] = [
  { name: "connector", level: "worker", code: withPort(`async end() { process.exit(7); }`) },
  ...ROWS.flatMap((row, at) =>
    row.map((name, place) => ({
      name,
      uses: at === 0 ? ["connector"] : [ROWS[at - 1]?.[place] ?? ""],
      code: withPort(`async ask() { return "well"; }`),
      manifest: { kind: place % 2 === 0 ? ("risk-limit" as const) : ("strategy" as const) },
    })),
  ),
];

const main = (name: string) => facet(`${name}#main`);

it("a connector with twelve dependants that crashes is one incident, one alert, and a recovery in order", async () => {
  const runtime = await start(actors, { supervision: { restarts: { firstMs: 1200, jitter: 0 } } });
  const told: RuntimeEvent[] = [];
  runtime.events.listen((event) => told.push(event));
  await expect(runtime.ask("connector", "end")).rejects.toMatchObject({ code: "PLUGIN_CRASHED" });
  await expect.poll(() => told.at(-1)?.event, { timeout: 20_000 }).toBe("validated");

  const incidents = told.filter(({ event }) => event === "incident" || event === "incident-over");
  expect(incidents).toMatchObject([
    { event: "incident", root: main("connector"), code: "PLUGIN_CRASHED", failures: 13 },
    { event: "incident-over", root: main("connector"), failures: 13 },
  ]);
  const [report] = runtime.incidents();
  expect(report?.tree.triggered.map((each) => each.facet).toSorted()).toEqual(ROWS[0]?.map(main));
  for (const first of report?.tree.triggered ?? []) {
    expect(first.triggered).toMatchObject([{ triggered: [{ triggered: [] }] }]);
  }

  const ready = told.flatMap((event) =>
    event.event === "facet" && event.state.state === "ready" ? [event.facet] : [],
  );
  const rank = (id: string): number =>
    id === main("connector") ? 0 : 1 + ROWS.findIndex((row) => row.map(main).includes(id as never));
  expect(ready).toHaveLength(13);
  expect(ready.map(rank)).toEqual(ready.map(rank).toSorted((a, b) => a - b));
  expect(told.at(-1)).toMatchObject({ event: "validated", plugin: "@acme/connector@1.0.0", drift: [] });
  expect(runtime.health().platform).toBe("up");
});
