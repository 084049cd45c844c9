import { access, chmod, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import {
  contentsOf,
  execute,
  expectGolden,
  repository,
  tradsys,
  tradsysJson,
  typed,
} from "../support/command.ts";
import { emptyFolder } from "../support/desk.ts";

const COMMANDS =
  "init validate config build keys sign verify publish yank list show resolve why why-not outdated plan approve apply rollback status history diff audit gc preload run kill resume quarantine metrics schema completion".split(
    " ",
  );

/** Commands that cannot do without an argument. */
const NEED_ARGUMENTS =
  "init validate config build keys sign verify publish yank show resolve why why-not outdated plan approve apply audit quarantine metrics completion".split(
    " ",
  );

it("lists every command in its help", async () => {
  const { stdout } = await expectGolden(await emptyFolder(), "--help", { golden: "help/tradsys" });
  expect([...stdout.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name)).toEqual(COMMANDS);
});

it.each(COMMANDS)("explains %s with an example", async (command) => {
  const folder = await emptyFolder();
  const { code, stdout } = await expectGolden(folder, `${command} --help`, { golden: `help/${command}` });
  expect(code).toBe(0);
  expect(stdout).toContain(`Example: tradsys ${command}`);
  expect((await tradsys(folder, `help ${command}`)).stdout).toBe(stdout);
});

it.each(COMMANDS)("refuses a flag that %s does not have", async (command) => {
  const folder = await emptyFolder();
  const ended = await tradsys(folder, `${command} --no-such-flag`);
  expect(ended).toMatchObject({ code: 64, stdout: "" });
  expect(ended.stderr).toMatch(
    /^error\[USAGE\]: unknown option '--no-such-flag'\n {3}= For example:\s+`tradsys .+`\n$/,
  );
  expect(await contentsOf(folder)).toEqual({});
});

it.each(NEED_ARGUMENTS)("says what %s is missing", async (command) => {
  const ended = await tradsys(await emptyFolder(), command);
  expect(ended).toMatchObject({ code: 64, stdout: "" });
  expect(ended.stderr).toMatch(
    /^error\[USAGE\]: missing argument: expected [^=]+\n {3}= (?:For example:\s+)?`tradsys .+`.*\n$/,
  );
});

it.each([
  { golden: "usage/unknown-command", line: "aply desk.plan.json" },
  { golden: "usage/unknown-option", line: "--colour list" },
  { golden: "usage/misspelt-option", line: "list --rot .tradsys" },
  { golden: "usage/option-without-value", line: "build plugins/risk-core --out" },
  { golden: "usage/option-for-a-value", line: "build plugins/risk-core --out --root" },
  { golden: "usage/missing-argument", line: "plan" },
  { golden: "usage/too-many-arguments", line: "list everything" },
  { golden: "usage/unknown-topic", line: "help publsh" },
  { golden: "usage/no-key", line: "sign bundle.tar.gz" },
  { golden: "usage/unknown-role", line: "sign bundle.tar.gz --key ci.key --role boss" },
  { golden: "usage/unknown-action", line: "keys rotat ci" },
  { golden: "usage/key-name", line: "keys generate ../ci" },
  { golden: "usage/not-a-duration", line: "run --for tomorrow" },
  { golden: "usage/too-long", line: "run --for 100000m" },
])("answers $line with one clear message", async ({ golden, line }) => {
  const folder = await emptyFolder();
  expect(await expectGolden(folder, line, { golden })).toMatchObject({ code: 64, stdout: "" });
  expect(await contentsOf(folder)).toEqual({});
});

it("tells failures as JSON too", async () => {
  const { code, ok, data, diagnostics } = await tradsysJson(await emptyFolder(), "list --rot here");
  expect({ code, ok, data }).toEqual({ code: 64, ok: false, data: null });
  expect(diagnostics).toEqual([
    {
      code: "USAGE",
      severity: "error",
      message: "unknown option '--rot'",
      hint: "Did you mean `--root`?",
      meant: "--root",
    },
  ]);
});

it("takes its switches anywhere on the line", async () => {
  const folder = await emptyFolder();
  const outcomes = await Promise.all(
    ["--json status", "status --json", "--quiet --json status --no-color"].map((line) =>
      tradsys(folder, line),
    ),
  );
  expect(new Set(outcomes.map(({ stdout }) => stdout)).size).toBe(1);
});

it("prints its version from anywhere", async () => {
  const folder = await emptyFolder();
  const { stdout } = await tradsys(folder, "--version");
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await tradsys(folder, "build --version")).stdout).toBe(stdout);
});

it("builds a plugin as `build-plugin` too", async () => {
  const folder = await emptyFolder();
  const line = join(repository, "dist/cli/build-plugin.js");
  const ended = await execute(process.execPath, [line, "--help"], { cwd: folder });
  expect(ended.stdout).toBe((await tradsys(folder, "build --help")).stdout);
});

it("says in one line that Node.js is too old", async ({ skip }) => {
  const node = "/usr/bin/node";
  await access(node).catch(() => skip("this machine has no Node.js of its own"));
  const { stdout: version } = await execute(node, ["--version"], { cwd: "/" });
  const major = Number(/^v(\d+)/.exec(version)?.[1]);
  if (major >= 24) skip(`this machine's own Node.js is ${version.trim()}, which is new enough`);
  const ended = await execute(node, typed("list"), { cwd: await emptyFolder() });
  expect(ended).toMatchObject({ code: 78, stdout: "" });
  expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(ended.stderr).toContain("error[NODE_TOO_OLD]: tradsys needs Node.js 24.15 or newer");
});

it.each([
  { mode: 0o700, who: "this user alone", isUsed: true },
  { mode: 0o770, who: "a group", isUsed: false },
  { mode: 0o707, who: "everybody", isUsed: false },
])("keeps compiled code where $who can write: $isUsed", async ({ mode, isUsed }) => {
  const folder = await emptyFolder();
  const cache = join(folder, "tradsys");
  await mkdir(cache);
  await chmod(cache, mode);
  expect(await tradsys(folder, "--help", { env: { XDG_CACHE_HOME: folder } })).toMatchObject({ code: 0 });
  expect((await readdir(cache)).length > 0).toBe(isUsed);
});
