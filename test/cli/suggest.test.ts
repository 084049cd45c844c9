import { join } from "node:path";

import { expect, it } from "vitest";

import type { PluginName } from "../../src/domain/ids.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { writeObservedUse } from "../../src/runtime/resources/observed-use.ts";
import { makeHostFolder } from "../../src/store/host-folder.ts";
import { tradsys, tradsysJson } from "../support/command.ts";
import { activeDesk } from "../support/desk.ts";

const seen = (name: string, mib: number) =>
  [`@tradsys/${name}` as PluginName, { uses: 1, peakBytes: mib * 2 ** 20 }] as const;

it("says where a manifest is far from the memory that was measured on this host", async () => {
  const folder = await activeDesk();
  expect((await tradsys(folder, "status --suggest")).stdout).toContain(
    "no manifest is far from what was measured on this host",
  );
  const host = await makeHostFolder(nodeFiles, join(folder, ".tradsys"));
  if (host) await writeObservedUse(host, new Map([seen("risk-core", 300), seen("md-normaliser", 4)]));
  expect((await tradsys(folder, "status --suggest")).stdout).toMatch(
    /^@tradsys\/risk-core@\S+ declares \d+ MiB and was seen to use 300 MiB: say memoryMiB 375$/m,
  );
  const { data } = await tradsysJson(folder, "status --suggest");
  expect(data).toMatchObject({ suggestions: [{ seenMiB: 300, suggestedMiB: 375 }] });
});
