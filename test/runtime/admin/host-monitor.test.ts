import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { nodeFiles } from "../../../src/platform/files.ts";
import { askHost } from "../../../src/runtime/admin/ask-host.ts";
import { metricsText } from "../../../src/runtime/admin/metrics-text.ts";
import { HostMonitor, openAdmin, startRuntime, type RuntimeOptions } from "../../../src/runtime/index.ts";
import { rootPaths } from "../../../src/store/generations.ts";
import { execute } from "../../support/command.ts";
import {
  activating,
  applyAll,
  digestOf,
  generationOf,
  publishSample,
  temporaryFolder,
  type Sample,
} from "../../support/root.ts";

/** A root with these plugins, each with one facet, `main`. */
async function rootOf(samples: readonly Sample[]) {
  const root = await temporaryFolder();
  const plugins = [];
  for (const sample of samples) plugins.push(await publishSample(root, sample));
  const generation = generationOf(
    plugins,
    Object.fromEntries(samples.map(({ name }) => [`${name}#main`, {}])),
  );
  await applyAll(root, generation);
  return { root, digest: digestOf(generation) };
}

/** A monitor of a set that is started, and stopped when the test ends. */
async function monitored(root: string, options: Partial<RuntimeOptions> = {}) {
  const monitor = new HostMonitor();
  const runtime = await startRuntime({ root, ...options, observe: monitor.observe });
  onTestFinished(async () => {
    monitor.close();
    await runtime.stop();
  });
  return { monitor, runtime };
}

const slow = activating(`return { main: { start: () => new Promise((go) => { globalThis.letGo = go; }) } };`);
const CRASHING = activating(
  `return { main: { provides: { account: { balances: () => { throw process.exit(1); } } } } };`,
);

it("tells how a host stands from before its plugins are verified until they have stopped", async () => {
  const { root, digest } = await rootOf([{ name: "slow", code: slow }, { name: "quick" }]);
  const monitor = new HostMonitor();
  onTestFinished(() => monitor.close());
  expect(monitor.status()).toMatchObject({
    phase: "verifying",
    generation: null,
    notReady: ["it is verifying"],
    plugins: [],
  });

  const quickIsReady = Promise.withResolvers<void>();
  const starting = startRuntime({
    root,
    observe(observed) {
      monitor.observe(observed);
      observed.events.listen((event) => {
        if (event.event === "facet" && event.state.state === "ready") quickIsReady.resolve();
      });
    },
  });
  await quickIsReady.promise;
  const midway = monitor.status();
  expect(midway).toMatchObject({
    phase: "starting",
    generation: digest,
    deployment: "desk",
    notReady: ["it is starting"],
  });
  expect(midway.plugins.map(({ facets }) => facets[0]?.state)).toEqual(["starting", "ready"]);

  (globalThis as unknown as { letGo: () => void }).letGo();
  const runtime = await starting;
  expect(monitor.status()).toMatchObject({ phase: "running", notReady: [], pid: process.pid });
  expect(monitor.status().plugins[0]).toMatchObject({
    name: "@acme/slow",
    version: "1.0.0",
    system: "risk",
    level: "inline",
    memoryBytes: null,
    crashes: 0,
    facets: [{ id: "@acme/slow#main", state: "ready", reason: null, sinceMs: expect.any(Number) }],
  });
  await runtime.stop();
  expect(monitor.status()).toMatchObject({ phase: "stopped", notReady: ["it is stopped"] });
});

it("says why a facet does not serve, and is ready without one that it may miss", async () => {
  const code = activating(`return { main: { start() { throw new Error("venue is closed"); } } };`);
  const { root } = await rootOf([
    { name: "venue", code, manifest: { criticality: "optional" } },
    { name: "lazy", manifest: { activation: "lazy" } },
  ]);
  const { monitor } = await monitored(root);
  const { notReady, plugins } = monitor.status();
  expect(notReady).toEqual([]);
  expect(plugins.map(({ facets }) => facets[0])).toMatchObject([
    { state: "failed", reason: "@acme/venue#main failed to start: venue is closed" },
    { state: "waiting", reason: null, sinceMs: null },
  ]);
});

it("counts crashes, and measures a plugin with a thread of its own", async () => {
  const { root } = await rootOf([
    {
      name: "wild",
      code: CRASHING,
      facets: { main: { account: "1.0.0" } },
      manifest: { isolation: "worker", hostProvided: [] },
    },
  ]);
  const { monitor, runtime } = await monitored(root);
  await expect
    .poll(() => monitor.status().plugins[0]?.memoryBytes, { timeout: 5000 })
    .toBeGreaterThanOrEqual(0);
  expect(metricsText(monitor.status())).toMatch(
    /^tradsys_runtime_plugin_memory_bytes\{plugin="@acme\/wild"\} \d+$/m,
  );
  await expect(runtime.ports.one("account").balances()).rejects.toMatchObject({ code: "PLUGIN_CRASHED" });
  expect(monitor.status().plugins[0]?.crashes).toBe(1);
});

it("answers while a plugin with a thread of its own is stuck, and says that it lives", async () => {
  const { root } = await rootOf([
    {
      name: "stuck",
      code: activating(`return { main: { provides: { account: { balances: () => { for (;;); } } } } };`),
      facets: { main: { account: "1.0.0" } },
      manifest: { isolation: "worker", hostProvided: [] },
    },
  ]);
  const { monitor, runtime } = await monitored(root);
  const admin = await openAdmin(monitor, { root, address: "127.0.0.1:0" });
  onTestFinished(() => admin.close());
  const call = runtime.ports.one("account").balances();
  const authorization = `Bearer ${(await readFile(admin.tokenFile, "utf8")).trim()}`;
  const answer = await fetch(`http://${admin.address}/livez`, { headers: { authorization } });
  expect([answer.status, await answer.text()]).toEqual([200, "alive\n"]);
  expect(await askHost(nodeFiles, root)).toMatchObject({ kind: "running" });
  await expect(call).rejects.toMatchObject({ code: "PLUGIN_TIMEOUT" });
});

it("tells its numbers so that Prometheus' own linter finds nothing to say", async ({ skip }) => {
  const { root } = await rootOf([{ name: "one" }, { name: "two" }]);
  const { monitor } = await monitored(root);
  const text = metricsText(monitor.status());
  expect(text).toContain(
    'tradsys_runtime_facet_state{facet="@acme/one#main",plugin="@acme/one",state="ready"} 1\n',
  );
  expect(text).toContain("\ntradsys_runtime_ready 1\n");
  const file = join(await temporaryFolder(), "metrics");
  await writeFile(file, text);
  const { code, stderr, stdout } = await execute("sh", ["-c", `promtool check metrics <${file}`], {
    cwd: "/",
  });
  if (code === 127) skip("promtool is not installed");
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
});

it("can be asked by whoever finds its record, and by nobody once it has closed", async () => {
  const { root, digest } = await rootOf([{ name: "one" }]);
  expect(await askHost(nodeFiles, root)).toBeUndefined();
  const { monitor } = await monitored(root);
  const admin = await openAdmin(monitor, { root, address: "127.0.0.1:0" });
  expect(admin.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
  expect((await stat(rootPaths(root).host)).mode & 0o777).toBe(0o700);
  expect(await askHost(nodeFiles, root)).toMatchObject({
    kind: "running",
    status: { phase: "running", generation: digest },
  });
  await admin.close();
  expect(await askHost(nodeFiles, root)).toBeUndefined();
});

it("is told apart when it was killed, and when it does not answer", async () => {
  const { root } = await rootOf([{ name: "one" }]);
  const monitor = new HostMonitor();
  onTestFinished(() => monitor.close());
  const admin = await openAdmin(monitor, { root, address: "127.0.0.1:0" });
  const record = (changes: object) =>
    writeFile(
      rootPaths(root).admin,
      JSON.stringify({ pid: process.pid, address: admin.address, tokenFile: admin.tokenFile, ...changes }),
    );
  const ended = await execute(process.execPath, ["-p", "process.pid"], { cwd: "/" });
  await record({ pid: Number(ended.stdout) });
  expect(await askHost(nodeFiles, root)).toEqual({ kind: "gone", pid: Number(ended.stdout) });
  await record({});
  await writeFile(admin.tokenFile, "x".repeat(43));
  expect(await askHost(nodeFiles, root)).toMatchObject({
    kind: "silent",
    reason: "it answered 401: a bearer token is needed",
  });
  await admin.close();
});
