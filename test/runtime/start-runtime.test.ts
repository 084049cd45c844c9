import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect, it } from "vitest";

import { canonical } from "../../src/domain/canonical.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { nodeFiles, type Files } from "../../src/platform/files.ts";
import { preload } from "../../src/runtime/preload.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { generationFolder, rootPaths } from "../../src/store/generations.ts";
import { blobPath } from "../../src/store/layout.ts";
import {
  activating,
  applyAll,
  digestOf,
  facet,
  generationOf,
  oneOf,
  publishSample,
  temporaryFolder,
  type Sample,
} from "../support/root.ts";

/** What plugins of a test tell it, in order. */
function recorder() {
  const events: string[] = [];
  return { events, hostModules: { recorder: (event: string) => void events.push(event) } };
}

const hostProvided = ["recorder"];
/** A module that can tell the test things with `tell`. */
const telling = (body: string): string => `const tell = require("recorder");\n${activating(body)}`;

/** A root on which one plugin with one facet is active. */
async function rootWith(sample: Omit<Sample, "name">): Promise<string> {
  const root = await temporaryFolder();
  const { manifest } = sample;
  await applyAll(
    root,
    await oneOf(root, { ...sample, name: "sample", manifest: { hostProvided, ...manifest } }),
  );
  return root;
}

it("has nothing to start where nothing is active", async () => {
  const root = await temporaryFolder();
  await expect(preload({ root })).rejects.toMatchObject({ code: "NOTHING_ACTIVE" });
  await expect(startRuntime({ root })).rejects.toMatchObject({ code: "NOTHING_ACTIVE" });
});

it("starts facets in order, binds their ports, and stops them in reverse", async () => {
  const root = await temporaryFolder();
  const { events, hostModules } = recorder();
  const provider = await publishSample(root, {
    name: "venue",
    facets: { account: { account: "1.2.0" } },
    manifest: { hostProvided },
    code: telling(`return { account: {
      provides: { account: { balances: async () => ["1 BTC"] } },
      start() { tell("venue starts"); }, stop() { tell("venue stops"); } } };`),
  });
  const user = await publishSample(root, {
    name: "risk",
    manifest: { hostProvided },
    code: telling(`const account = context.ports.one("account"); tell("risk takes its port");
      return { main: {
        async start() { tell("risk sees " + (await account.balances())); },
        stop() { tell("risk stops"); } } };`),
  });
  const generation = generationOf([user, provider], {
    "venue#account": {},
    "risk#main": { after: ["venue#account"], ports: { account: ["venue#account"] } },
  });
  await applyAll(root, generation);

  const runtime = await startRuntime({ root, hostModules });
  expect(runtime.digest).toBe(digestOf(generation));
  expect([...runtime.status()]).toEqual([
    [facet("venue#account"), { state: "ready" }],
    [facet("risk#main"), { state: "ready" }],
  ]);
  expect([...runtime.report.facets.keys()]).toEqual([facet("venue#account"), facet("risk#main")]);
  const account = runtime.ports.one("account");
  expect(await account.balances()).toEqual(["1 BTC"]);
  expect(await runtime.stop()).toEqual([]);
  expect(() => account.balances()).toThrow("which is not ready");
  expect(events).toEqual([
    "venue starts",
    "risk takes its port",
    "risk sees 1 BTC",
    "risk stops",
    "venue stops",
  ]);
});

it("activates a plugin once for all of its facets", async () => {
  const root = await temporaryFolder();
  const { events, hostModules } = recorder();
  const plugin = await publishSample(root, {
    name: "many",
    facets: { a: {}, b: {}, c: {} },
    manifest: { hostProvided },
    code: telling(`tell("activated");
      const at = (name) => ({ start() { tell(name); } });
      return Promise.resolve({ a: at("a"), b: at("b"), c: at("c") });`),
  });
  await applyAll(
    root,
    generationOf([plugin], { "many#a": {}, "many#b": {}, "many#c": { after: ["many#a"] } }),
  );
  const runtime = await startRuntime({ root, hostModules });
  await runtime.stop();
  expect(events[0]).toBe("activated");
  expect(events.slice(1).toSorted()).toEqual(["a", "b", "c"]);
});

const says = (name: string, start = "") =>
  telling(
    `return { main: { async start() { tell("${name} starts"); ${start} }, stop() { tell("${name} stops"); } } };`,
  );

it("undoes a start that fails, and tells of every failure and what it blocked", async () => {
  const root = await temporaryFolder();
  const { events, hostModules } = recorder();
  const plugins = [
    await publishSample(root, { name: "a", manifest: { hostProvided }, code: says("a") }),
    await publishSample(root, { name: "b", manifest: { hostProvided }, code: says("b") }),
    await publishSample(root, {
      name: "c",
      manifest: { hostProvided },
      code: says("c", `throw new Error("no");`),
    }),
    await publishSample(root, { name: "d", manifest: { hostProvided }, code: says("d") }),
  ];
  const facets = {
    "a#main": {},
    "b#main": { after: ["a#main"] },
    "c#main": { after: ["b#main"] },
    "d#main": { after: ["c#main"] },
  };
  await applyAll(root, generationOf(plugins, facets));
  await expect(startRuntime({ root, hostModules })).rejects.toMatchObject({
    code: "START_FAILED",
    message: "2 of 4 facets did not start",
    diagnostics: [
      { code: "START_FAILED", message: "@acme/c#main failed to start: no" },
      { code: "BLOCKED", message: "@acme/d#main was not started: @acme/c#main did not become ready" },
    ],
  });
  expect(events).toEqual(["a starts", "b starts", "c starts", "c stops", "b stops", "a stops"]);
});

it("runs on without a plugin that is optional", async () => {
  const root = await temporaryFolder();
  const plugins = [
    await publishSample(root, { name: "core" }),
    await publishSample(root, {
      name: "extra",
      manifest: { criticality: "optional" },
      code: activating(`throw new Error("no licence");`),
    }),
  ];
  await applyAll(root, generationOf(plugins, { "extra#main": {}, "core#main": {} }));
  const runtime = await startRuntime({ root });
  expect(runtime.status().get(facet("core#main"))).toEqual({ state: "ready" });
  expect(runtime.status().get(facet("extra#main"))).toMatchObject({
    state: "failed",
    error: { code: "LOAD_FAILED", message: "@acme/extra@1.0.0 failed to activate: no licence" },
  });
  expect(await runtime.stop()).toEqual([]);
});

it("tells once of a plugin that fails to load, however many facets it has", async () => {
  const root = await temporaryFolder();
  const plugin = await publishSample(root, { name: "bad", facets: { a: {}, b: {} }, code: "throw 1;" });
  await applyAll(root, generationOf([plugin], { "bad#a": {}, "bad#b": {} }));
  await expect(startRuntime({ root })).rejects.toMatchObject({
    message: "2 of 2 facets did not start",
    diagnostics: [{ code: "LOAD_FAILED", message: "@acme/bad@1.0.0 failed while its code was loaded: 1" }],
  });
});

it.each([
  ["exports nothing", "", "@acme/sample@1.0.0 does not export a plugin"],
  ["returns nothing", activating(""), "@acme/sample@1.0.0 returns no handle for its facet main"],
  [
    "misses a facet",
    activating("return { other: {} };"),
    "@acme/sample@1.0.0 returns no handle for its facet main",
  ],
  [
    "rejects",
    activating("return Promise.reject(new Error('no'));"),
    "@acme/sample@1.0.0 failed to activate: no",
  ],
])("refuses a plugin that %s", async (_, code, message) => {
  const root = await rootWith({ code });
  await expect(startRuntime({ root })).rejects.toMatchObject({
    diagnostics: [{ code: "LOAD_FAILED", message }],
  });
});

it("refuses a plugin that misses a port it promises", async () => {
  const root = await rootWith({ facets: { main: { account: "1.0.0" } } });
  await expect(startRuntime({ root })).rejects.toMatchObject({
    diagnostics: [
      {
        code: "START_FAILED",
        message: "@acme/sample#main promises the port account and does not provide it",
      },
    ],
  });
});

it("gives a plugin its own name, its config and its secrets, and lets it change none of them", async () => {
  const { events, hostModules } = recorder();
  const root = await rootWith({
    config: { limits: { max: "1" } },
    manifest: { hostProvided, permissions: { net: [], secrets: ["api-key"], fs: [], env: [], builtins: [] } },
    code: telling(`"use strict";
      tell(JSON.stringify(context.plugin)); tell(JSON.stringify(context.config)); tell(context.secret("api-key"));
      tell(String(Math.abs(context.now() / 1e6 - Date.now() / 1e3) < 60));
      for (const change of [
        () => { context.config.limits.max = "2"; }, () => { context.config.more = 1; },
        () => { context.secret = 0; }, () => { context.log.info = 0; },
      ]) { try { change(); tell("changed"); } catch (error) { tell(error.name); } }
      return { main: {} };`),
  });
  const runtime = await startRuntime({ root, hostModules, secret: (name) => `value of ${name}` });
  await runtime.stop();
  expect(events).toEqual([
    '{"name":"@acme/sample","version":"1.0.0"}',
    '{"limits":{"max":"1"}}',
    "value of api-key",
    "true",
    "TypeError",
    "TypeError",
    "TypeError",
    "TypeError",
  ]);
  expect(runtime.generation.plugins[0]?.config).toEqual({ limits: { max: "1" } });
});

it.each([
  [[], "@acme/sample@1.0.0 asked for the secret api-key, which its manifest does not name"],
  [["api-key"], "@acme/sample@1.0.0 needs the secret api-key, and the host has none of that name"],
])(
  "gives no secret that the manifest does not name or the host does not have: %j",
  async (secrets, message) => {
    const root = await rootWith({
      manifest: { permissions: { net: [], secrets, fs: [], env: [], builtins: [] } },
      code: activating(`context.secret("api-key"); return { main: {} };`),
    });
    const secret = (name: string) => (name === "api-key" && secrets.length === 0 ? "there" : undefined);
    await expect(startRuntime({ root, secret })).rejects.toMatchObject({
      diagnostics: [
        { code: "SECRET_MISSING", message, hint: expect.stringContaining("permissions.secrets") },
      ],
    });
  },
);

it("passes on what a plugin logs, with its name", async () => {
  const entries: unknown[] = [];
  const root = await rootWith({
    code: activating(`context.log.warn("slow", { ms: 5 }); context.log.info("bare"); return { main: {} };`),
  });
  const runtime = await startRuntime({ root, log: (entry) => void entries.push(entry) });
  await runtime.stop();
  const plugin = "@acme/sample@1.0.0";
  expect(entries).toEqual([
    { level: "warn", plugin, message: "slow", fields: { ms: 5 } },
    { level: "info", plugin, message: "bare", fields: {} },
  ]);
});

it("tells a plugin that it is asked to stop before it stops it", async () => {
  const { events, hostModules } = recorder();
  const root = await rootWith({
    code: telling(`context.signal.addEventListener("abort", () => tell("aborted"));
      return { main: { stop() { tell("stopped"); } } };`),
  });
  const runtime = await startRuntime({ root, hostModules });
  await runtime.stop();
  expect(events).toEqual(["aborted", "stopped"]);
});

it.each(["worker", "process"] as const)(
  "gives nothing of the host's own to a plugin that runs in a %s",
  async (isolation) => {
    const { events, hostModules } = recorder();
    const root = await rootWith({
      manifest: { isolation, hostProvided },
      code: `require("recorder")("loaded");`,
    });
    await expect(startRuntime({ root, hostModules })).rejects.toMatchObject({
      code: "ISOLATION_UNSUPPORTED",
      message: `@acme/sample@1.0.0 is to run in a ${isolation}, and takes recorder from the host, which only inline plugins can`,
    });
    expect(events).toEqual([]);
  },
);

it("names a facet that is not ready in time", async () => {
  const root = await rootWith({
    manifest: { resources: { memoryMiB: 1, startTimeoutMs: 10, drainTimeoutMs: 10, stopTimeoutMs: 10 } },
    code: activating("return { main: { start: () => new Promise(() => {}) } };"),
  });
  await expect(startRuntime({ root })).rejects.toMatchObject({
    diagnostics: [{ code: "START_TIMEOUT", message: "@acme/sample#main was not ready after 10 ms" }],
  });
});

it("refuses a generation that starts what no plugin has", async () => {
  const root = await temporaryFolder();
  const plugin = await publishSample(root, { name: "sample" });
  const generation = generationOf([plugin], { "sample#main": {}, "sample#other": {} });
  // Nobody applies such a generation.
  await nodeFiles.write(rootPaths(root).generation(digestOf(generation)), canonical(generation));
  await nodeFiles.switchLink(rootPaths(root).current, generationFolder(digestOf(generation)));
  await expect(startRuntime({ root })).rejects.toMatchObject({
    code: "GENERATION_DAMAGED",
    message: "the generation starts @acme/sample#other, which no plugin of it has",
  });
});

it.each(["pack", "store"])(
  "runs the bytes that it verified, whatever is in the %s by then",
  async (source) => {
    const { events, hostModules } = recorder();
    const root = await rootWith({ code: telling(`tell("verified"); return { main: {} };`) });
    const { store, host } = rootPaths(root);
    if (source === "store") await rm(host, { recursive: true });
    const { plugins } = await preload({ root });
    const file =
      source === "pack" ? join(host, "plugins.pack") : blobPath(store, plugins[0]?.blob ?? sha256(""));
    const reads: string[] = [];
    const swapping: Files = {
      ...nodeFiles,
      async read(path, maxBytes) {
        const bytes = await nodeFiles.read(path, maxBytes);
        reads.push(path);
        // Whoever may write here swaps the file the moment it was read, in place and by another.
        await writeFile(path, "swapped");
        await nodeFiles.write(path, "swapped again");
        return bytes;
      },
    };
    const runtime = await startRuntime({ root, hostModules, files: swapping });
    await runtime.stop();
    expect(events).toEqual(["verified"]);
    expect(reads).toHaveLength(new Set(reads).size);
    expect(reads).toContain(file);
    expect(await readFile(file, "utf8")).toBe("swapped again");
  },
);

it("leaves nothing behind that would keep the process alive", async () => {
  const root = await rootWith({
    manifest: { hostProvided: [] },
    code: activating(`let timer; return { main: {
      start() { timer = setInterval(() => {}, 1000); }, stop() { clearInterval(timer); } } };`),
  });
  const script = fileURLToPath(new URL("start-and-stop.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, root], { timeout: 20_000 });
  expect(stdout).toBe("ready\nstopped\n");
});
