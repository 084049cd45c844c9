import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { expectGolden, refusal, tradsys, tradsysJson } from "../support/command.ts";
import {
  activeDesk,
  all,
  emptyFolder,
  plannedDesk,
  pluginCode,
  release,
  reviewedDesk,
  upgradedDesk,
  writeDeployment,
  writePlugin,
} from "../support/desk.ts";

it.for([
  { golden: "empty/history", line: "history", code: 0 },
  { golden: "empty/diff", line: "diff", code: 66 },
  { golden: "empty/gc", line: "gc", code: 66 },
  { golden: "empty/audit", line: "audit verify", code: 0 },
  { golden: "empty/resume", line: "apply --resume", code: 66 },
  { golden: "empty/checkpoint", line: "audit checkpoint --key keys/ci.key", code: 66 },
])("answers $line in an empty folder, and leaves it empty", async ({ line, golden, code }) => {
  expect(await refusal(await emptyFolder(), line, { golden })).toBe(code);
});

it.for([
  { golden: "apply/no-plan", line: "apply", code: 64 },
  { golden: "apply/no-wave", line: "apply desk.plan.json --until zero", code: 64 },
  {
    golden: "apply/no-program",
    line: "apply desk.plan.json --gate ./no-such-program",
    code: 1,
    changes: true,
  },
  { golden: "gc/no-count", line: "gc --keep 0", code: 64 },
  { golden: "audit/unknown-format", line: "audit export --format xml", code: 64 },
  { golden: "audit/no-key", line: "audit checkpoint", code: 64 },
  { golden: "approve/builder", line: "approve desk.plan.json", code: 64 },
  { golden: "diff/unknown", line: "diff 0123abcd", code: 66 },
])("refuses $line", async ({ line, golden, code, changes = false }) => {
  const folder = await plannedDesk();
  const found = changes
    ? (await expectGolden(folder, line, { golden })).code
    : await refusal(folder, line, { golden });
  expect(found).toBe(code);
});

it("applies a material change only once somebody else than its author approved it", async () => {
  const folder = await reviewedDesk();
  expect((await expectGolden(folder, "apply desk.plan.json", { golden: "apply/not-approved" })).code).toBe(
    77,
  );
  await all(folder, ["approve desk.plan.json --key keys/risk.key", "apply desk.plan.json"]);
  const { data } = await tradsysJson(folder, "history");
  expect(data).toMatchObject([
    { ending: "finished", begun: { author: "dina", approvals: [{ key: "risk" }] } },
  ]);
});

it("lets nobody approve what they planned, nor with a key that would not count", async () => {
  const folder = await plannedDesk();
  await all(folder, ["keys generate other --role risk"]);
  expect(await refusal(folder, "approve desk.plan.json --key keys/ci.key", { golden: "approve/own" })).toBe(
    77,
  );
  expect(
    await refusal(folder, "approve desk.plan.json --key keys/other.key", { golden: "approve/stranger" }),
  ).toBe(77);
});

it("starts every state when it is asked to check, and takes back what does not become ready", async () => {
  const folder = await activeDesk();
  const bundle = await writePlugin(folder, {
    name: "broken",
    code: pluginCode(`start() { throw new Error("the venue is closed"); }`),
  });
  await release(folder, "broken", bundle);
  await writeDeployment(folder, "desk.yaml", { "@acme/broken": "*", "@tradsys/md-normaliser": "*" });
  await all(folder, ["resolve desk.yaml", "plan desk.yaml"]);
  const before = (await tradsysJson(folder, "status")).data as { active: { digest: string } };
  const { code } = await expectGolden(folder, "apply desk.plan.json --check", {
    golden: "apply/gate-failed",
  });
  expect(code).toBe(1);
  const after = (await tradsysJson(folder, "status")).data;
  expect(after).toMatchObject({ active: { digest: before.active.digest }, halfWay: null });
  await expectGolden(folder, "history", { golden: "history/taken-back" });
});

it("lets a program of the operator judge, and tells it where things stand", async () => {
  const folder = await plannedDesk();
  const gate = join(folder, "gate.sh");
  await writeFile(gate, '#!/bin/sh\necho "$TRADSYS_WAVE of $TRADSYS_WAVES in $TRADSYS_ROOT" > seen\n', {
    mode: 0o755,
  });
  await all(folder, ["apply desk.plan.json --gate ./gate.sh"]);
  expect(await readFile(join(folder, "seen"), "utf8")).toBe(`1 of 1 in ${folder}/.tradsys\n`);
  await writeFile(gate, "#!/bin/sh\nexit 3\n", { mode: 0o755 });
  await all(folder, ["rollback"]);
  const { code, stderr } = await tradsys(folder, "apply desk.plan.json --gate ./gate.sh");
  expect(code).toBe(1);
  expect(stderr).toContain("./gate.sh ended with 3");
});

it("finds before anything is changed that a plugin does not load here", async () => {
  const folder = await activeDesk();
  // It loads where it is built, which its builder tries.
  const code = `if (process.argv.includes("apply")) throw new Error("not on this machine");\n${pluginCode()}`;
  await release(folder, "odd", await writePlugin(folder, { name: "odd", code }));
  await writeDeployment(folder, "desk.yaml", { "@acme/odd": "*" });
  await all(folder, ["resolve desk.yaml", "plan desk.yaml"]);
  expect(await refusal(folder, "apply desk.plan.json", { golden: "apply/does-not-load" })).toBe(1);
});

it("names the first broken line of a journal, and what a checkpoint shows", async () => {
  const folder = await upgradedDesk();
  const journal = join(folder, ".tradsys/journal.jsonl");
  await all(folder, [
    "keys generate auditor --role release --trust auditors.yaml",
    "audit checkpoint --key keys/auditor.key --out elsewhere/4.json",
  ]);
  const verify = "audit verify --trust auditors.yaml --checkpoint elsewhere/4.json";
  await expectGolden(folder, verify, { golden: "audit/vouched" });
  const good = await readFile(journal, "utf8");
  await writeFile(journal, good.replace('"event":"finished"', '"event":"Finished"'));
  expect(await tradsys(folder, verify)).toMatchObject({
    code: 77,
    stderr: expect.stringMatching(
      /line (\d) of the journal is not what was written\n +--> \.tradsys\/journal\.jsonl:\1:1/,
    ),
  });
  await writeFile(journal, `${good.split("\n").slice(0, 2).join("\n")}\n`);
  expect(await refusal(folder, verify, { golden: "audit/cut-short" })).toBe(77);
});

it("exports who deployed what, as lines of JSON and for a spreadsheet that must calculate nothing", async () => {
  const folder = await upgradedDesk();
  const csv = await tradsys(folder, "audit export --format csv");
  const rows = csv.stdout.split("\r\n").filter(Boolean);
  // Five plugins first, then one of them upgraded; a name in a cell begins with an @, which is a formula's sign.
  expect(rows).toHaveLength(1 + 5 + 1);
  expect(rows[0]).toBe(
    "entry,began,ended,by,action,outcome,reason,deployment,generation before,generation after,plan,author,approved by,emergency,plugin,version before,version after,content,sources",
  );
  expect(rows.at(-1)).toMatch(
    /,apply,finished,,desk,sha256:\w+,sha256:\w+,sha256:\w+,[^,]+,,,'@tradsys\/limit-position,1\.3\.0,1\.4\.0,sha256:\w+,sha256:\w+$/,
  );
  const lines = (await tradsys(folder, "audit export")).stdout.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { seq: 1, action: "apply", outcome: "finished", from: null, deployment: "desk" },
    {
      outcome: "finished",
      changes: [
        {
          plugin: "@tradsys/limit-position",
          from: "1.3.0",
          to: "1.4.0",
          inputs: expect.stringMatching(/^sha256:/),
        },
      ],
    },
  ]);
});

it("removes what nothing goes back to, and still goes back to what it kept", async () => {
  const folder = await upgradedDesk();
  await rm(join(folder, "desk.plan.json"));
  await all(folder, ["gc --keep 2", "rollback", "preload"]);
  await all(folder, ["gc --keep 1", "preload"]);
  expect((await tradsysJson(folder, "status")).data).toMatchObject({ generations: [expect.any(String)] });
});
