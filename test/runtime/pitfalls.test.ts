/** Traps of this ground that no other test is about, each named after what goes wrong in others. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it, onTestFinished, vi } from "vitest";

import { preload } from "../../src/runtime/preload.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { execute, repository } from "../support/command.ts";
import { compileAhead } from "../support/compile-ahead.ts";
import { activating, applyAll, oneOf, temporaryFolder } from "../support/root.ts";
import { ISOLATED, LEVELS, start, withPort } from "./isolation/levels.ts";

/** Starts what is active in a process of its own, stops it again, and returns what the start reports. */
async function startedBy(root: string, { flags = [], env = {} }: Process = {}): Promise<unknown> {
  const program = `
    import { startRuntime } from "./src/runtime/index.ts";
    const runtime = await startRuntime({ root: process.argv[1] });
    await runtime.stop();
    process.stdout.write(JSON.stringify({ ...runtime.report, facets: runtime.report.facets.size }), () => process.exit());`;
  const args = ["--no-warnings", ...flags, "--input-type=module", "-e", program, root];
  const { code, stdout, stderr } = await execute(process.execPath, args, { cwd: repository, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as unknown;
}

interface Process {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

it("code that another engine compiled: under other flags it is compiled anew, and runs", async () => {
  const root = await temporaryFolder();
  await applyAll(root, await oneOf(root, { name: "sample", manifest: { hostProvided: [] } }));
  await compileAhead(root, await preload({ root }));
  expect(await startedBy(root)).toMatchObject({ facets: 1, codeCache: { hits: 1, misses: 0, rejected: [] } });
  expect(await startedBy(root, { flags: ["--no-opt"] })).toMatchObject({
    facets: 1,
    codeCache: { hits: 0, rejected: ["@acme/sample"] },
  });
});

it("Node's own compile cache, which anybody may write: it never sees a plugin", async () => {
  const [root, cache] = [await temporaryFolder(), await temporaryFolder()];
  const code = activating(`const marker = "a-marker-of-the-plugin"; return { main: { marker } };`);
  await applyAll(root, await oneOf(root, { name: "sample", code, manifest: { hostProvided: [] } }));
  await startedBy(root, { env: { NODE_COMPILE_CACHE: cache } });
  const files = (await readdir(cache, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const texts = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), "latin1")));
  // It holds modules of the host, so it was on.
  expect(texts.filter((text) => text.includes("GENERATION_DAMAGED")).length).toBeGreaterThan(0);
  expect(texts.filter((text) => text.includes("a-marker-of-the-plugin"))).toEqual([]);
});

it.each(LEVELS)(
  "a wall clock that is set: the deadline of a call into %s stays where it was",
  async (level) => {
    const { ask, limited } = await start([
      { name: "slow", level, code: withPort("wait: () => new Promise((go) => setTimeout(go, 5000))") },
    ]);
    const began = performance.now();
    const call = limited({ ms: 300 }, () => ask("slow", "wait"));
    vi.spyOn(Date, "now").mockReturnValue(0);
    onTestFinished(() => void vi.restoreAllMocks());
    await expect(call).rejects.toMatchObject({ code: "TIMEOUT" });
    // Neither at once nor never.
    expect(performance.now() - began).toBeGreaterThan(290);
  },
);

it.each(ISOLATED)(
  "a plugin that collects the host's garbage, or changes its engine: a %s has no way to",
  async (level) => {
    const ways = [
      "globalThis.gc()",
      `require("node:v8").setFlagsFromString("--expose-gc")`,
      `process.getBuiltinModule("v8").writeHeapSnapshot()`,
    ];
    const methods = ways.map((way, i) => `async way${i}() { return ${way}; }`);
    const { ask } = await start([{ name: "keen", level, code: withPort(methods.join()) }]);
    const met = await Promise.all(
      ways.map((_, i) =>
        ask("keen", `way${i}`).then(
          () => "done",
          (error: Error & { code?: string }) => error.code ?? error.name,
        ),
      ),
    );
    expect(met).toEqual(["TypeError", "REQUIRE_DENIED", "TypeError"]);
  },
);

it("state frozen into a file: no secret of a plugin is ever below the root", async () => {
  const root = await temporaryFolder();
  const code = activating(`const key = context.secret("venue-key"); return { main: { key } };`);
  const permissions = { net: [], secrets: ["venue-key"], fs: [], env: [], builtins: [] };
  await applyAll(
    root,
    await oneOf(root, { name: "venue", code, manifest: { hostProvided: [], permissions } }),
  );
  const secret = "hunter2-of-the-venue";
  const runtime = await startRuntime({ root, secret: () => secret });
  await compileAhead(root, runtime, true);
  await runtime.stop();
  const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(["plugins.pack", "code.pack"]));
  for (const { parentPath, name } of files) {
    expect((await readFile(join(parentPath, name))).includes(secret)).toBe(false);
  }
});

it("what is set going while it stops: it ends with the plugin all the same", async () => {
  const root = await temporaryFolder();
  const code = activating(`return { main: { stop() { setInterval(() => {}, 1000); } } };`);
  await applyAll(root, await oneOf(root, { name: "late", code }));
  const logged: unknown[] = [];
  const runtime = await startRuntime({
    root,
    log: ({ message, fields }) => void logged.push([message, fields]),
  });
  await runtime.stop();
  expect(logged).toEqual([["left timers running, which were ended", { timers: 1 }]]);
});
