import { appendFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { expectGolden, refusal, tradsys, tradsysJson } from "../support/command.ts";
import { all, edit, plannedDesk, publishedDesk } from "../support/desk.ts";

const versionOf = async (folder: string, name: string): Promise<string | undefined> => {
  const { data } = await tradsysJson(folder, "resolve desk.yaml --upgrade");
  const { plugins } = data as { plugins: readonly { name: string; version: string }[] };
  return plugins.find((plugin) => plugin.name === name)?.version;
};

const LIMIT = "@tradsys/limit-position";

it("lets nobody choose a version that was taken back, and everybody again once it is given back", async () => {
  const folder = await plannedDesk();
  expect(await versionOf(folder, LIMIT)).toBe("1.4.0");
  await expectGolden(folder, `yank ${LIMIT}@1.4.0 --reason counts-twice`, { golden: "yank/taken-back" });
  // Who has locked it keeps it.
  await all(folder, ["resolve desk.yaml", "plan desk.yaml"]);
  expect(await versionOf(folder, LIMIT)).toBe("1.3.0");
  await expectGolden(folder, `why-not desk.yaml ${LIMIT}@1.4.0`, { golden: "yank/why-not" });
  expect((await tradsys(folder, "list")).stdout).toMatch(/limit-position@1\.4\.0 .* taken back$/m);
  await all(folder, [`yank ${LIMIT}@1.4.0 --undo`]);
  expect(await versionOf(folder, LIMIT)).toBe("1.4.0");
});

it("chooses nothing that was published less than the minimum age ago", async () => {
  const folder = await publishedDesk();
  const [{ published }] = (await tradsysJson(folder, `show ${LIMIT}`)).data as [{ published: string }];
  expect(Math.abs(Date.parse(published) - Date.now())).toBeLessThan(2 * 24 * 60 * 60 * 1000);
  await appendFile(join(folder, "desk.yaml"), "resolution: { minimumAgeDays: 7 }\n");
  const { code, stderr } = await tradsys(folder, "resolve desk.yaml");
  expect(code).toBe(1);
  expect(stderr).toContain(`published on ${published}, less than 7 days ago`);
  await edit(join(folder, "desk.yaml"), "minimumAgeDays: 7", "minimumAgeDays: 0");
  await all(folder, ["resolve desk.yaml"]);
});

it.for([
  { line: `yank ${LIMIT}@1.3.0`, golden: "yank/no-reason", code: 64 },
  { line: `yank ${LIMIT} --undo`, golden: "yank/no-version", code: 64 },
  { line: `yank ${LIMIT}@1.3.0 --undo --reason why`, golden: "yank/both", code: 64 },
  { line: `yank ${LIMIT}@9.9.9 --reason why`, golden: "yank/unknown", code: 1 },
])("refuses $line", async ({ line, golden, code }) => {
  expect(await refusal(await publishedDesk(), line, { golden })).toBe(code);
});
