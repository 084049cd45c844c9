import { access, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { KINDS } from "../../src/cli/templates/scaffold.ts";
import { contentsOf, execute, refusal, repository, tradsys } from "../support/command.ts";
import { emptyFolder } from "../support/desk.ts";

/** A folder whose plugins find this package, as after `npm install`. */
async function installed(): Promise<string> {
  const folder = await emptyFolder();
  await mkdir(join(folder, "node_modules"));
  await symlink(repository, join(folder, "node_modules/tradsys"));
  return folder;
}

it("knows every kind of plugin", async () => {
  const text = await readFile(join(repository, "schemas/plugin.schema.json"), "utf8");
  const { $defs } = JSON.parse(text) as {
    $defs: { manifest: { properties: { kind: { enum: readonly string[] } } } };
  };
  expect(KINDS.toSorted()).toEqual($defs.manifest.properties.kind.enum.toSorted());
});

it.each(KINDS)("starts a plugin of the kind %s that validates, passes its test and builds", async (kind) => {
  const folder = await installed();
  expect(await tradsys(folder, `init ${kind} it --name @acme/it`)).toMatchObject({ code: 0, stderr: "" });
  const plugin = join(folder, "it");
  expect(await tradsys(plugin, "validate . --strict")).toMatchObject({ code: 0, stderr: "" });

  const tested = await execute(process.execPath, ["--test"], { cwd: plugin });
  expect(tested).toMatchObject({ code: 0, stderr: "" });
  expect(tested.stdout).toMatch(/pass [1-9]/);

  expect(await tradsys(plugin, "build .")).toMatchObject({ code: 0, stderr: "" });
  const written = Object.keys(await contentsOf(join(plugin, "dist")));
  expect(written.filter((name) => !name.startsWith(".build"))).toEqual(["acme-it-0.1.0.tar.gz"]);
});

it.for(KINDS)("starts a plugin of the kind %s without a type error", async (kind, { skip }) => {
  await access(join(repository, "dist/plugin/index.d.ts")).catch(() =>
    skip("the package was built without its declarations"),
  );
  const folder = await installed();
  await tradsys(folder, `init ${kind} it`);
  const tsc = join(repository, "node_modules/typescript/bin/tsc");
  const checked = await execute(process.execPath, [tsc, "-p", "it"], { cwd: folder });
  expect(checked).toMatchObject({ code: 0, stdout: "" });
});

it("names the plugin after its folder", async () => {
  const folder = await emptyFolder();
  await tradsys(folder, "init risk-limit limits/position");
  expect(await readFile(join(folder, "limits/position/plugin.yaml"), "utf8")).toContain(
    `name: "@example/position"`,
  );
});

it("names a schema in the manifest that the package has", async () => {
  const folder = await installed();
  await tradsys(folder, "init calendar hours");
  const text = await readFile(join(folder, "hours/plugin.yaml"), "utf8");
  const [, path = ""] = /\$schema=(\S+)/.exec(text) ?? [];
  // As after `npm install` in a workspace: packages stand in the folder above.
  expect(JSON.parse(await readFile(join(folder, path), "utf8"))).toHaveProperty("$id");
});

it.for([
  { golden: "init/not-empty", line: "init strategy full", code: 73 },
  { golden: "init/unknown-kind", line: "init stratgy new", code: 64 },
  { golden: "init/bad-name", line: "init strategy New_One", code: 64 },
  { golden: "init/not-a-folder", line: "init strategy full/file", code: 73 },
])("refuses $line", async ({ golden, line, code }) => {
  const folder = await emptyFolder();
  await mkdir(join(folder, "full"));
  await writeFile(join(folder, "full/file"), "");
  expect(await refusal(folder, line, { golden })).toBe(code);
});
