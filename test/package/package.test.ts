import { cp, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, expect, it } from "vitest";

import { type Ended, execute, repository } from "../support/command.ts";
import { pluginCode, sharedFolder, writePlugin } from "../support/desk.ts";

/** A folder where the packed package was installed, as a user's would be. */
let folder = "";
/** Paths in the tarball, without npm's `package/`. */
let shipped: readonly string[] = [];

beforeAll(async () => {
  folder = await sharedFolder();
  const packed = await run(["npm", "pack", repository, "--ignore-scripts", "--json", "--offline"]);
  const [{ filename, files }] = JSON.parse(packed.stdout) as [
    { filename: string; files: readonly { path: string }[] },
  ];
  shipped = files.map(({ path }) => path);
  await install(filename);
}, 120_000);

it("ships what runs and what describes it, and nothing else", () => {
  const strange = shipped.filter(
    (path) =>
      !/^(?:dist\/(?:.+\.(?:m?js|d\.ts)|LICENSES\.txt)|schemas\/(?:[a-z]+\.schema\.json|README\.md|diagnostics\.md)|(?:README|CHANGELOG)\.md|LICENSE|package\.json)$/.test(
        path,
      ),
  );
  expect(strange).toEqual([]);
  expect(shipped).toEqual(
    expect.arrayContaining([
      "LICENSE",
      "dist/cli/tradsys.js",
      "dist/runtime/index.js",
      "schemas/plugin.schema.json",
    ]),
  );
});

it("has every command on the path", async () => {
  const help = await run(["tradsys", "--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toContain("Usage: tradsys <command> [options]");
});

it("builds, signs and verifies a plugin written from nothing", async () => {
  const bundle = await writePlugin(folder, {
    name: "fresh",
    code: pluginCode(`start() { context.log.info("started"); },`),
  });
  for (const line of [
    "build-plugin plugins/fresh --out bundles",
    "tradsys keys generate ci --trust trust.yaml",
    `tradsys sign bundles/${bundle}.tar.gz --key keys/ci.key`,
    `tradsys verify bundles/${bundle}.tar.gz`,
  ]) {
    expect(await run(line.split(" "))).toMatchObject({ code: 0, stderr: "" });
  }
});

it.each([
  { entry: "tradsys", name: "applyPlan" },
  { entry: "tradsys/runtime", name: "startRuntime" },
  { entry: "tradsys/plugin", name: "definePlugin" },
  { entry: "tradsys/testing", name: "startSimulatedVenue" },
])("exports $name from $entry", async ({ entry, name }) => {
  const code = `console.log(typeof (await import("${entry}")).${name})`;
  expect(await run(["node", "--input-type=module", "--eval", code])).toEqual({
    code: 0,
    stdout: "function\n",
    stderr: "",
  });
});

it("exports its schemas by name, and nothing of its inside", async () => {
  expect((await resolving("tradsys/schemas/plugin.schema.json")).code).toBe(0);
  expect((await resolving("tradsys/dist/index.js")).code).toBe(1);
});

it("says that a port is taken in words, with a code", async () => {
  const code = `
    import { startSimulatedVenue } from "tradsys/testing";
    const options = { apiKey: "key", apiSecret: "secret" };
    const first = await startSimulatedVenue(options);
    try {
      await startSimulatedVenue({ ...options, port: first.port });
    } catch (error) {
      console.log(error.code, error.diagnostics[0].hint);
    }
    await first.close();
  `;
  expect(await run(["node", "--input-type=module", "--eval", code])).toEqual({
    code: 0,
    stdout: "PORT_IN_USE Stop what is listening there, or choose another port; 0 takes a free one.\n",
    stderr: "",
  });
});

/** Does what `npm install <tarball>` does, with the dependencies of this repository in place of a registry. */
async function install(tarball: string): Promise<void> {
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, ".bin"), { recursive: true });
  for (const name of await readdir(join(repository, "node_modules"))) {
    if (!name.startsWith(".")) await symlink(join(repository, "node_modules", name), join(modules, name));
  }
  await run(["tar", "-xzf", tarball]);
  await cp(join(folder, "package"), join(modules, "tradsys"), { recursive: true });
  for (const command of ["tradsys", "build-plugin"]) {
    await symlink(`../tradsys/dist/cli/${command}.js`, join(modules, ".bin", command));
  }
  await symlink(process.execPath, join(modules, ".bin/node"));
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
}

const resolving = (path: string): Promise<Ended> => run(["node", "--print", `require.resolve("${path}")`]);

/** Runs a program, found in the folder's own `node_modules/.bin` first. */
function run([program = "", ...args]: readonly string[]): Promise<Ended> {
  const path = `${join(folder, "node_modules/.bin")}:${process.env["PATH"]}`;
  return execute("env", [program, ...args], { cwd: folder, env: { PATH: path, HOME: folder } });
}
