import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { COMMANDS } from "../../src/cli/registry.ts";
import { KINDS } from "../../src/cli/templates/scaffold.ts";
import { repository, tradsys, tradsysJson } from "../support/command.ts";
import { emptyFolder } from "../support/desk.ts";
import { executeWith } from "./with-input.ts";

/** What bash would offer for the last of these words. */
async function offered(...words: readonly string[]): Promise<string[]> {
  const { stdout: script } = await tradsys(await emptyFolder(), "completion bash");
  const lines = [
    script,
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}) COMP_CWORD=${words.length - 1}`,
    "_tradsys",
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ];
  const { code, stdout, stderr } = await executeWith("", ["bash", "-c", lines.join("\n")]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").filter(Boolean);
}

it("offers every command, and those that begin as typed", async () => {
  expect(await offered("tradsys", "")).toEqual([...Object.keys(COMMANDS), "help", "--help", "--version"]);
  expect(await offered("tradsys", "re")).toEqual(["resolve", "resume"]);
});

it("offers the options of a command, its own and those of all", async () => {
  const flags = await offered("tradsys", "validate", "x.yaml", "-");
  expect(flags).toEqual(
    expect.arrayContaining(["--fix", "--format", "--stdin-filename", "--json", "--help"]),
  );
  expect(await offered("tradsys", "--quiet", "validate", "--st")).toEqual([
    "--strict",
    "--stdin",
    "--stdin-filename",
  ]);
});

it("offers the values that an option or an argument takes", async () => {
  expect(await offered("tradsys", "validate", "--format", "s")).toEqual(["sarif"]);
  expect(await offered("tradsys", "init", "")).toEqual(KINDS);
  expect(await offered("tradsys", "init", "strategy", "")).toEqual([]);
  expect(await offered("tradsys", "help", "roll")).toEqual(["rollback"]);
});

it("leaves files to the shell", async () => {
  expect(await offered("tradsys", "validate", "plu")).toEqual([]);
  expect(await offered("tradsys", "build", "--out", "")).toEqual([]);
});

it.for([
  ["bash", "-n"],
  ["zsh", "-n"],
  ["fish", "--no-execute"],
] as const)("writes a script that %s can read", async ([shell, check], { skip }) => {
  const folder = await emptyFolder();
  const { stdout: text } = await tradsys(folder, `completion ${shell}`);
  for (const command of Object.keys(COMMANDS)) expect(text).toContain(command);
  await writeFile(join(folder, "script"), text);
  const { code, stderr } = await executeWith("", [shell, check, "script"], { cwd: folder });
  if (code === -1) skip(`${shell} is not on this machine`);
  expect(stderr).toBe("");
  expect(code).toBe(0);
});

it("prints the schemas that the package ships", async () => {
  const folder = await emptyFolder();
  await mkdir(join(folder, "out"));
  expect(await tradsys(folder, "schema --out out")).toMatchObject({ code: 0 });
  const shipped = (await readdir(join(repository, "schemas"))).filter((name) =>
    name.endsWith(".schema.json"),
  );
  expect(await readdir(join(folder, "out"))).toEqual(shipped.toSorted());
  for (const name of shipped) {
    const schema: unknown = JSON.parse(await readFile(join(repository, "schemas", name), "utf8"));
    expect(JSON.parse(await readFile(join(folder, "out", name), "utf8"))).toEqual(schema);
    const { stdout } = await tradsys(folder, `schema ${name.replace(".schema.json", "")}`);
    expect(JSON.parse(stdout)).toEqual(schema);
  }
  expect((await tradsysJson(folder, "schema plugin")).data).toHaveProperty("$defs");
});
