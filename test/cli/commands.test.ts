import { expect, it } from "vitest";

import { expectGolden, tradsys, tradsysJson } from "../support/command.ts";
import { activeDesk, plannedDesk, publishedDesk, reviewedDesk, upgradedDesk } from "../support/desk.ts";

/** Every command once where all is well, on a desk in the state that it needs. */
const COMMANDS = [
  { name: "init", line: "init risk-limit plugins/position", desk: publishedDesk },
  { name: "schema", line: "schema", desk: publishedDesk },
  {
    name: "validate",
    line: "validate desk.yaml plugins/risk-core/plugin.yaml trust.yaml",
    desk: publishedDesk,
  },
  { name: "build", line: "build plugins/limit-position --out out", desk: publishedDesk },
  { name: "keys", line: "keys generate release --role release --trust trust.yaml", desk: publishedDesk },
  {
    name: "sign",
    line: "sign bundles/tradsys-md-normaliser-1.9.1.tar.gz --key keys/ci.key --role release",
    desk: publishedDesk,
  },
  { name: "verify", line: "verify bundles/tradsys-md-normaliser-1.9.1.tar.gz", desk: publishedDesk },
  { name: "publish", line: "publish bundles/tradsys-md-normaliser-1.9.1.tar.gz", desk: publishedDesk },
  { name: "yank", line: "yank @tradsys/md-normaliser@1.9.1 --reason broken", desk: publishedDesk },
  { name: "list", line: "list", desk: publishedDesk },
  { name: "show", line: "show @tradsys/risk-core", desk: publishedDesk },
  { name: "resolve", line: "resolve desk.yaml", desk: publishedDesk },
  { name: "why", line: "why desk.yaml @tradsys/md-normaliser", desk: activeDesk },
  { name: "outdated", line: "outdated desk.yaml", desk: activeDesk },
  { name: "plan", line: "plan desk.yaml", desk: plannedDesk },
  { name: "apply", line: "apply desk.plan.json", desk: plannedDesk },
  { name: "rollback", line: "rollback", desk: upgradedDesk },
  { name: "status", line: "status", desk: upgradedDesk },
  { name: "approve", line: "approve desk.plan.json --key keys/risk.key", desk: reviewedDesk },
  { name: "apply/dry-run", line: "apply desk.plan.json --dry-run", desk: plannedDesk },
  { name: "history", line: "history", desk: upgradedDesk },
  { name: "diff", line: "diff", desk: upgradedDesk },
  { name: "gc", line: "gc --keep 1", desk: upgradedDesk },
  { name: "audit", line: "audit verify", desk: upgradedDesk },
  { name: "metrics", line: "metrics catalog", desk: publishedDesk },
  { name: "preload", line: "preload", desk: activeDesk },
];

it.for(COMMANDS)("prints what $name did", async ({ name, line, desk }) => {
  const { code } = await expectGolden(await desk(), line, { golden: name });
  expect(code).toBe(0);
});

it.for(COMMANDS)("prints one JSON document for $name --json", async ({ line, desk }) => {
  const { code, ok, data, diagnostics } = await tradsysJson(await desk(), line);
  expect({ code, ok, diagnostics }).toEqual({ code: 0, ok: true, diagnostics: [] });
  expect(data).toBeTypeOf("object");
});

it.for(COMMANDS)("prints nothing for $name --quiet", async ({ line, desk }) => {
  const { code, stdout, stderr } = await tradsys(await desk(), `${line} --quiet`);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
});
