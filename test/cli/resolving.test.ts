import { spawnSync } from "node:child_process";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { expect, it } from "vitest";

import { execute, expectGolden, refusal, tradsys, tradsysJson, typed } from "../support/command.ts";
import {
  activeDesk,
  all,
  edit,
  plannedDesk,
  publishedDesk,
  release,
  requiring,
  writeDeployment,
  writePlugin,
} from "../support/desk.ts";

/** A desk that asks for two plugins, with newer versions of the position limit and of the normaliser in the store. */
async function deskWithNews(): Promise<string> {
  const folder = await activeDesk();
  for (const [plugin, from, to] of [
    ["limit-position", "1.3.0", "1.4.0"],
    ["md-normaliser", "1.9.1", "2.0.0"],
  ] as const) {
    const manifest = join(folder, `plugins/${plugin}/plugin.yaml`);
    await edit(manifest, `version: ${from}`, `version: ${to}`);
    if (plugin === "md-normaliser") await edit(manifest, `md-normalise: ${from}`, `md-normalise: ${to}`);
    await release(folder, plugin, `tradsys-${plugin}-${to}`);
  }
  return folder;
}

it("tells what could be newer, and what holds it back", async () => {
  const { code } = await expectGolden(await deskWithNews(), "outdated desk.yaml", {
    golden: "outdated/held-back",
  });
  expect(code).toBe(0);
});

it("proves what holds a version back", async () => {
  const folder = await deskWithNews();
  const line = "why-not desk.yaml @tradsys/md-normaliser@2.0.0";
  const { code } = await expectGolden(folder, line, { golden: "why-not/held-back" });
  expect(code).toBe(1);
  expect((await tradsysJson(folder, line)).data).toMatchObject({ kind: "contradicted" });
});

const hasScript = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

it.skipIf(!hasScript)(
  "sets off names and versions of a proof on a terminal, where colours are wanted",
  async () => {
    const folder = await deskWithNews();
    await edit(
      join(folder, "desk.yaml"),
      'name: "@tradsys/limit-position", range: "*"',
      'name: "@tradsys/limit-position", range: "^7"',
    );
    for (const line of ["why-not desk.yaml @tradsys/md-normaliser@2.0.0", "resolve desk.yaml"]) {
      const drawn = async (switches: string, env: Readonly<Record<string, string>> = {}) => {
        const typedLine = [process.execPath, ...typed(`${line} ${switches}`)].join(" ");
        const { stdout } = await execute("script", ["-qec", `stty cols 80; ${typedLine}`, "/dev/null"], {
          cwd: folder,
          env: { TERM: "xterm", ...env },
        });
        return stdout;
      };
      const plain = await drawn("--no-color");
      const coloured = await drawn("");
      expect(plain).not.toContain("\u001B[");
      expect(await drawn("", { NO_COLOR: "1" })).toBe(plain);
      expect(coloured).toContain("\u001B[36m@tradsys/limit-position\u001B[39m");
      expect(coloured).toContain("\u001B[33m^7\u001B[39m");
      expect(stripVTControlCharacters(coloured)).toBe(plain);
    }
  },
);

it("hands the proof to tools as data, whichever command found it", async () => {
  const folder = await deskWithNews();
  await edit(
    join(folder, "desk.yaml"),
    'name: "@tradsys/limit-position", range: "*"',
    'name: "@tradsys/limit-position", range: "^7"',
  );
  const { code, data } = await tradsysJson(folder, "resolve desk.yaml");
  expect(code).toBe(1);
  expect(data).toMatchObject({
    kind: "no-version",
    facts: [{ by: "deployment", verb: "needs", target: "plugin:@tradsys/limit-position", range: "^7" }],
  });
});

it.for([
  { golden: "why-not/unknown-version", line: "why-not desk.yaml @tradsys/md-normaliser@7.0.0", code: 1 },
  { golden: "why-not/no-version", line: "why-not desk.yaml @tradsys/md-normaliser", code: 64 },
  { golden: "why/unknown", line: "why desk.yaml @tradsys/nobody", code: 1 },
  { golden: "why/no-plugin", line: "why desk.yaml nobody", code: 64 },
  { golden: "resolve/frozen-upgrade", line: "resolve desk.yaml --frozen --upgrade", code: 64 },
  { golden: "resolve/names-alone", line: "resolve desk.yaml @tradsys/risk-core", code: 64 },
  { golden: "resolve/strategy", line: "resolve desk.yaml --strategy hihgest", code: 64 },
])("says no to $line", async ({ golden, line, code }) => {
  expect(await refusal(await plannedDesk(), line, { golden })).toBe(code);
});

it("tells what a version that nothing holds back would change", async () => {
  const line = "why-not desk.yaml @tradsys/limit-position@1.4.0";
  const { code } = await expectGolden(await deskWithNews(), line, { golden: "why-not/possible" });
  expect(code).toBe(0);
});

it("upgrades the plugin named and nothing else", async () => {
  const line = "resolve desk.yaml --upgrade @tradsys/limit-position";
  const { code } = await expectGolden(await deskWithNews(), line, { golden: "resolve/upgrade-one" });
  expect(code).toBe(0);
});

it("takes nothing but the lock when frozen, and says when that no longer fits", async () => {
  const folder = await deskWithNews();
  const lock = () => readFile(join(folder, "desk.lock.json"), "utf8");
  const before = await lock();
  await all(folder, ["resolve desk.yaml --frozen"]);
  await edit(
    join(folder, "desk.yaml"),
    'name: "@tradsys/limit-position", range: "*"',
    'name: "@tradsys/limit-position", range: "^1.4"',
  );
  expect(await refusal(folder, "resolve desk.yaml --frozen", { golden: "resolve/frozen" })).toBe(65);
  expect(await lock()).toBe(before);
});

it("has nothing to freeze, explain or compare without a lock", async () => {
  const folder = await publishedDesk();
  for (const line of [
    "resolve desk.yaml --frozen",
    "why desk.yaml @tradsys/risk-core",
    "outdated desk.yaml",
  ]) {
    expect((await tradsysJson(folder, line)).code).toBe(66);
  }
});

it("follows the deployment's policy: constraints, exclusions, overrides", async () => {
  const folder = await deskWithNews();
  await release(
    folder,
    "trend",
    await writePlugin(folder, requiring("trend", "@tradsys/md-normaliser", "^1")),
  );
  await writeDeployment(folder, "desk.yaml", { "@acme/trend": "^1" });
  await edit(
    join(folder, "desk.yaml"),
    "plugins:",
    [
      "resolution:",
      '  overrides: [{ plugin: "@tradsys/md-normaliser", range: "^2", of: "@acme/trend" }]',
      '  exclusions: [{ plugin: "@tradsys/md-normaliser", range: "2.0.0", reason: drops gaps }]',
      "plugins:",
    ].join("\n"),
  );
  expect(await refusal(folder, "resolve desk.yaml", { golden: "resolve/policy" })).toBe(1);
});

it("never chooses what the trust policy revokes", async () => {
  const folder = await publishedDesk();
  await all(folder, ["resolve desk.yaml"]);
  const { plugins } = JSON.parse(await readFile(join(folder, "desk.lock.json"), "utf8")) as {
    readonly plugins: readonly { readonly name: string; readonly content: string }[];
  };
  const digest = plugins.find(({ name }) => name === "@tradsys/risk-core")?.content;
  const trust = join(folder, "trust.yaml");
  const text = await readFile(trust, "utf8");
  await edit(trust, text, `${text}\nrevoked: { digests: [{ digest: "${digest}", reason: wrong limits }] }\n`);
  expect(await refusal(folder, "resolve desk.yaml", { golden: "resolve/revoked" })).toBe(1);
});

it("takes a port from the host where the platform's configuration says that it provides one", async () => {
  const folder = await publishedDesk();
  const bundle = await writePlugin(folder, {
    name: "asker",
    manifest: 'facets: { main: { requires: [{ port: clock, range: "^1.1" }] } }',
  });
  await release(folder, "asker", bundle);
  await writeDeployment(folder, "desk.yaml", { "@acme/asker": "*" });
  expect((await tradsys(folder, "resolve desk.yaml")).stderr).toContain("clock");
  await appendFile(join(folder, "desk.yaml"), "platform: platform.yaml\n");
  const platform = "apiVersion: tradsys/platform/v1\nname: desk-host\n";
  await writeFile(join(folder, "platform.yaml"), `${platform}ports: { clock: v1 }\n`);
  expect((await tradsys(folder, "resolve desk.yaml")).stderr).toContain("VERSION_INVALID");
  await writeFile(join(folder, "platform.yaml"), `${platform}ports: { clock: 1.2.0 }\n`);
  expect((await tradsysJson(folder, "resolve desk.yaml")).data).toMatchObject({
    host: { ports: { clock: "1.2.0" } },
    bindings: [{ facet: "@acme/asker#main", requirement: "port:clock", providers: [], byHost: true }],
  });
  await all(folder, ["validate desk.yaml plugins/asker platform.yaml", "plan desk.yaml"]);
});
