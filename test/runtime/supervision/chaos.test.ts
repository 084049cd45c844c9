import { expect, it } from "vitest";

import { chaos } from "../../support/chaos.ts";
import { temporaryFolder } from "../../support/root.ts";

it("comes to rest after anything: everything serves or is held back with a reason, and nobody waits for ever", async () => {
  const report = await chaos(await temporaryFolder(), { seed: 20_260_315, ms: 15_000 });
  expect(report).toMatchObject({ stuck: 0, astray: [], journal: 2, left: [] });
  expect(report.recovered).toBeGreaterThan(0);
  expect(report.answered).toBeGreaterThan(0);
  expect(Object.keys(report.disturbances)).toEqual(
    expect.arrayContaining(["end", "stall", "fallIll", "swap", "corrupt"]),
  );
}, 120_000);
