import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { expect, it, onTestFinished } from "vitest";

import { sha256 } from "../../src/domain/digest.ts";
import type { Digest } from "../../src/domain/ids.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { hold } from "../../src/store/quarantine.ts";
import {
  type Ended,
  execute,
  expectTranscript,
  refusal,
  tradsys,
  tradsysJson,
  typed,
} from "../support/command.ts";
import {
  activeDesk,
  all,
  emptyFolder,
  pluginCode,
  publishedDesk,
  release,
  writeDeployment,
  writePlugin,
} from "../support/desk.ts";
import { canListen, serviceManager } from "../support/service-manager.ts";

const LOGGING = `
  start() { context.log.info("started"); },
  stop() { context.log.info("stopped"); },
`;
const AFTER_FIRST = `facets: { main: { requires: [{ plugin: "@acme/first", range: "*" }] } }`;
const SECRET = `permissions: { secrets: [venue-token] }\nfacets: { main: {} }`;
const TELL_SECRET = pluginCode(
  "",
  `context.log.info("token", { length: context.secret("venue-token").length });`,
);

it("starts the desk, runs for a while and stops it again", async () => {
  const folder = await activeDesk();
  const ended = await tradsys(folder, "run --for 300ms");
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const lines = ended.stdout.trimEnd().split("\n");
  expect(lines.filter((line) => line.startsWith("ready "))).toHaveLength(7);
  expect(lines.find((line) => line.startsWith("running "))).toMatch(/: 7 facets ready in \d/);
  expect(lines.at(-1)).toBe("stopped  every facet, in reverse order");
});

it("tells each step as one line of JSON", async () => {
  const { stdout } = await tradsys(await activeDesk(), "run --for 100ms --json");
  const documents = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { event?: string; ok?: boolean });
  expect(documents.filter(({ event }) => event === "ready")).toHaveLength(7);
  expect(documents.at(-1)).toMatchObject({ ok: true, data: { stopped: true } });
});

it("prints nothing where it is quiet and all is well", async () => {
  const ended = await tradsys(await activeDesk(), "run --for 100ms --quiet");
  expect(ended).toEqual({ code: 0, stdout: "", stderr: "" });
});

it.each(["SIGTERM", "SIGINT"] as const)(
  "stops in reverse order on %s, and that is no failure",
  async (signal) => {
    const folder = await activeWith(
      { name: "first", code: pluginCode(LOGGING) },
      { name: "second", code: pluginCode(LOGGING), manifest: AFTER_FIRST },
    );
    const ended = await runUntilReady(folder, signal);
    expect(ended.code).toBe(0);
    await expectTranscript("run/signal", folder, { line: `tradsys run`, ended });
  },
);

it("ends at once when it is asked to while a plugin takes long to start", async () => {
  const folder = await activeWith({
    name: "slow",
    code: pluginCode('start() { context.log.info("starting"); return new Promise(() => undefined); },'),
    manifest: "facets: { main: {} }\nresources: { startTimeoutMs: 60000, stopTimeoutMs: 100 }",
  });
  const { code, stdout } = await runUntilReady(folder, "SIGTERM", "starting");
  expect({ code, last: stdout.trimEnd().split("\n").at(-1) }).toEqual({
    code: 0,
    last: "stopped  before every facet was ready",
  });
});

it("runs on when the reader of its output is gone", async () => {
  const folder = await activeDesk();
  const line = `{ "${process.execPath}" ${typed("run --for 300ms").join(" ")}; echo $? >status; } | true`;
  const { stderr } = await execute("sh", ["-c", line], { cwd: folder });
  expect({ stderr, status: await readFile(join(folder, "status"), "utf8") }).toEqual({
    stderr: "",
    status: "0\n",
  });
});

it("ends although a plugin left a timer behind", async () => {
  const folder = await activeWith({
    name: "leaky",
    code: pluginCode("start() { setInterval(() => undefined, 1000); },"),
  });
  expect((await tradsys(folder, "run --for 50ms")).code).toBe(0);
});

it("runs on without an optional plugin, and says what is missing", async () => {
  const folder = await activeWith(
    {
      name: "first",
      code: pluginCode(`start() { throw new Error("venue is closed"); },`),
      manifest: "criticality: optional\nfacets: { main: {} }",
    },
    { name: "second", manifest: `criticality: optional\n${AFTER_FIRST}` },
    { name: "third" },
  );
  const ended = await tradsys(folder, "run --for 50ms");
  expect(ended.code).toBe(0);
  await expectTranscript("run/optional", folder, { line: "tradsys run --for 50ms", ended });
});

it("stops what it had started when a plugin fails that is needed", async () => {
  const folder = await activeWith(
    { name: "first", code: pluginCode(LOGGING) },
    {
      name: "second",
      code: pluginCode(`start() { throw new Error("venue is closed"); },`),
      manifest: AFTER_FIRST,
    },
  );
  expect(await refusal(folder, "run --for 50ms", { golden: "run/failed" })).toBe(1);
});

it("takes a secret from the environment, or from a mounted folder", async () => {
  const folder = await activeWith({ name: "venue", code: TELL_SECRET, manifest: SECRET });
  const fromEnvironment = await tradsys(folder, "run --for 50ms", {
    env: { TRADSYS_SECRET_VENUE_TOKEN: "four" },
  });
  expect(fromEnvironment.stdout).toContain("token length=4");

  // As orchestrators mount them: links into a folder with the current version of all of them.
  await mkdir(join(folder, "secrets/..2026"), { recursive: true });
  await writeFile(join(folder, "secrets/..2026/venue-token"), "seven77\n");
  await symlink("..2026", join(folder, "secrets/..data"));
  await symlink("..data/venue-token", join(folder, "secrets/venue-token"));
  const fromFolder = await tradsys(folder, "run --for 50ms --secrets secrets");
  expect(fromFolder.stdout).toContain("token length=7");
});

it("says which secret is missing, and which folder of secrets", async () => {
  const folder = await activeWith({ name: "venue", code: TELL_SECRET, manifest: SECRET });
  expect(await refusal(folder, "run --for 50ms", { golden: "run/missing-secret" })).toBe(78);
  expect(await refusal(folder, "run --secrets secret", { golden: "run/missing-secrets" })).toBe(66);
});

it("keeps a log entry on its own line, whatever the plugin logs", async () => {
  const forging = `context.log.info("one\\nerror    @acme/other: two\\u001b[2J", {
    large: 10n, cause: new Error("why"), text: "three\\nfour", self: globalThis,
  });`;
  const folder = await activeWith({ name: "loud", code: pluginCode("", forging) });
  const plain = await tradsys(folder, "run --for 50ms");
  expect(plain).toMatchObject({ code: 0, stderr: "" });
  expect(plain.stdout).toContain("info     @acme/loud@1.0.0: one\\nerror    @acme/other: two");
  expect(plain.stdout).toContain('large="10" cause="Error: why" text="three\\nfour"');
  const json = await tradsys(folder, "run --for 50ms --json");
  expect(json.code).toBe(0);
  expect(`${plain.stdout}${json.stdout}`).not.toContain("\u001B");
});

it("can be asked how it stands while it runs, and leaves nothing behind", async () => {
  const folder = await activeDesk();
  const host = await startHost(folder, `run --admin unix:${folder}/admin.sock`);
  const asked = await host.until("running  generation");
  expect(asked).toContain(`admin    unix:${folder}/admin.sock, token in .tradsys/host/admin-token\n`);
  const status = await tradsys(folder, "status");
  expect(status.stdout).toMatch(/^process \d+\nrunning {2}7 of 7 serve {2}desk /m);
  expect(status.stdout).toMatch(/^ {2}@tradsys\/risk-core#pretrade +ready +\d+s$/m);
  expect((await tradsysJson(folder, "status")).data).toMatchObject({
    host: { kind: "running", status: { pid: host.pid, phase: "running", notReady: [] } },
  });
  expect((await host.end("SIGTERM")).code).toBe(0);
  expect((await tradsysJson(folder, "status")).data).toMatchObject({ host: null });
  expect((await readdir(folder)).includes("admin.sock")).toBe(false);
});

it("answers where the platform's configuration says, unless it is told otherwise", async () => {
  const folder = await activeDesk();
  const platform = `apiVersion: tradsys/platform/v1\nname: desk-host\nadmin: unix:${folder}/platform.sock\n`;
  await writeFile(join(folder, "platform.yaml"), platform);
  await appendFile(join(folder, "desk.yaml"), "platform: platform.yaml\n");
  await all(folder, ["resolve desk.yaml", "plan desk.yaml", "apply desk.plan.json"]);
  expect((await tradsys(folder, "run --for 50ms")).stdout).toContain(
    `admin    unix:${folder}/platform.sock, token`,
  );
  const told = await tradsys(folder, "run --admin 127.0.0.1:0 --for 50ms");
  expect(told.stdout).toMatch(/^admin {4}127\.0\.0\.1:\d+, token/);
});

it.each(["0.0.0.0:9090", "desk.example.com:9090", "unix:admin.sock"])(
  "refuses a platform's configuration that would answer on %s",
  async (address) => {
    const folder = await emptyFolder();
    const platform = `apiVersion: tradsys/platform/v1\nname: desk-host\nadmin: "${address}"\n`;
    await writeFile(join(folder, "platform.yaml"), platform);
    const { code, stderr } = await tradsys(folder, "validate platform.yaml");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("platform.yaml:3") });
  },
);

it("shows what this host holds back, and why", async () => {
  const folder = await activeDesk();
  await hold(nodeFiles, join(folder, ".tradsys"), {
    content: sha256("a bundle"),
    plugin: "@acme/venue@1.0.0",
    reason: "it crashed 4 times in 60 s",
    since: "2026-03-15T12:00:00Z",
  });
  expect((await tradsys(folder, "status")).stdout).toContain(
    "held back: @acme/venue@1.0.0 since 2026-03-15T12:00:00Z, it crashed 4 times in 60 s\n",
  );
  expect((await tradsysJson(folder, "status")).data).toMatchObject({
    heldBack: [{ plugin: "@acme/venue@1.0.0", content: sha256("a bundle") }],
  });
});

it("tells of a host that was killed", async () => {
  const folder = await activeDesk();
  const host = await startHost(folder, "run --admin 127.0.0.1:0");
  await host.until("running  generation");
  await host.end("SIGKILL");
  expect((await tradsys(folder, "status")).stdout).toContain(
    `process ${host.pid} ended without being stopped\n`,
  );
});

it("serves its state on this machine only, and to nobody who could have guessed the token", async () => {
  const folder = await activeDesk();
  expect(await refusal(folder, "run --admin 0.0.0.0:9090", { golden: "run/admin-everywhere" })).toBe(78);
  await writeFile(join(folder, "token"), "x".repeat(43), { mode: 0o644 });
  const line = "run --admin 127.0.0.1:0 --admin-token token --for 50ms";
  const { code, stderr } = await tradsys(folder, line);
  expect({ code, stderr }).toEqual({
    code: 78,
    stderr: expect.stringContaining("others than its owner may"),
  });
});

it.skipIf(!canListen)("tells systemd when it is ready, and when it stops", async () => {
  const { path, received } = await serviceManager();
  const folder = await activeDesk();
  const ended = await tradsys(folder, "run --for 1500ms", {
    env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: "800000" },
  });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  await expect.poll(() => received.at(-1)).toBe("'STOPPING=1'");
  const first = (message: string): number => received.indexOf(`'${message}'`);
  expect(first("READY=1")).toBeGreaterThanOrEqual(0);
  expect(first("WATCHDOG=1")).toBeGreaterThanOrEqual(0);
  expect(first("STATUS=7 of 7 facets ready")).toBeGreaterThan(first("READY=1"));
});

const hasScript = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

/** What ends each drawing. */
const DRAWN = "\u001B[?2026l";

it.skipIf(!hasScript).each([
  ["in colours", {}, true],
  ["without colours where none are wanted", { NO_COLOR: "1" }, false],
])("draws how it stands on a terminal, %s", async (_, env, isColoured) => {
  const folder = await activeDesk();
  const line = [process.execPath, ...typed("run --for 1500ms")].join(" ");
  const { stdout } = await execute("script", ["-qec", `stty cols 80 rows 24; exec ${line}`, "/dev/null"], {
    cwd: folder,
    env: { TERM: "xterm", ...env },
  });
  expect(stdout).toMatch(/running {2}7 of 7 serve {2}desk/);
  expect(stdout).toContain("@tradsys/connector-kraken-sim#order-entry");
  expect(stdout.includes("\u001B[32mready")).toBe(isColoured);
  // All that stays are the lines that it also writes to a file.
  const end = stdout.slice(stdout.lastIndexOf(DRAWN) + DRAWN.length);
  expect(end).toBe("stopped  every facet, in reverse order\r\n");
});

/** A desk where exactly these plugins are active. */
async function activeWith(...plugins: readonly Parameters<typeof writePlugin>[1][]): Promise<string> {
  const folder = await publishedDesk();
  for (const plugin of plugins) await release(folder, plugin.name, await writePlugin(folder, plugin));
  const names = plugins.map(({ name }) => [`@acme/${name}`, "*"] as const);
  await writeDeployment(folder, "own.yaml", Object.fromEntries(names));
  await all(folder, ["resolve own.yaml", "plan own.yaml", "apply own.plan.json"]);
  return folder;
}

/** Runs what is active and sends a signal once it is ready. */
async function runUntilReady(
  folder: string,
  signal: NodeJS.Signals,
  sign = "running  generation",
): Promise<Ended> {
  const host = await startHost(folder, "run");
  await host.until(sign);
  return host.end(signal);
}

/** A host that runs beside the test. */
async function startHost(folder: string, line: string) {
  const child = spawn(process.execPath, typed(line), { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  const stderr = text(child.stderr);
  const ended = once(child, "close") as Promise<[number | null]>;
  return {
    pid: child.pid,
    /** Resolves with what it has printed, once that contains a text. */
    async until(sign: string): Promise<string> {
      await expect.poll(() => stdout, { timeout: 20_000 }).toContain(sign);
      return stdout;
    },
    async end(signal: NodeJS.Signals): Promise<Ended> {
      child.kill(signal);
      const [code] = await ended;
      return { code: code ?? -1, stdout, stderr: await stderr };
    },
  };
}

it("lists what is held back on this host, and releases it by name", async () => {
  const folder = await activeWith({ name: "first", code: pluginCode("") });
  const root = join(folder, ".tradsys");
  const content = `sha256:${"a".repeat(64)}` as Digest;
  await hold(nodeFiles, root, {
    content,
    plugin: "@acme/first@1.0.0",
    reason: "it crashed 4 times within 60 s",
    since: "2026-03-15T12:00:00.000Z",
  });
  const list = () => tradsys(folder, "quarantine list");
  expect((await list()).stdout).toBe(
    "@acme/first@1.0.0  aaaaaaaaaaaa  since 2026-03-15T12:00:00.000Z: it crashed 4 times within 60 s\n",
  );
  expect(await tradsys(folder, "quarantine release @acme/other")).toMatchObject({ code: 1 });
  expect((await tradsys(folder, "quarantine release @acme/first")).stdout).toBe(
    "released  @acme/first@1.0.0  aaaaaaaaaaaa\n",
  );
  expect((await list()).stdout).toBe("nothing is held back\n");
});

it("ends at once on a second signal, whatever a plugin still does", async () => {
  const folder = await activeWith({
    name: "slow",
    code: pluginCode('stop() { context.log.info("stopping"); return new Promise(() => undefined); },'),
    manifest: "facets: { main: {} }\nresources: { stopTimeoutMs: 60000 }",
  });
  const host = await startHost(folder, "run");
  await host.until("running  generation");
  process.kill(host.pid ?? 0, "SIGTERM");
  await host.until("stopping");
  const { code } = await host.end("SIGTERM");
  // Ended by the signal, and by nothing that it did itself.
  expect(code).toBe(-1);
});
