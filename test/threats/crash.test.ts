import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { watch } from "node:fs";
import { cp, mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { expect, it } from "vitest";

import { nodeFiles } from "../../src/platform/files.ts";
import { listCandidates, readBlob, readEnvelopes } from "../../src/store/read.ts";
import { contentsOf, tradsys, typed } from "../support/command.ts";
import { all, edit, emptyFolder, pluginCode, writePlugin } from "../support/desk.ts";

const MOMENTS = 50;
/** A command is run to its end after each so many that were killed. */
const RETRY_EVERY = 5;

/** A folder with a key, a published version of a plugin, and a signed bundle of the next one; large enough to be caught at. */
async function workshop(): Promise<string> {
  const folder = await emptyFolder();
  const ballast = JSON.stringify(randomBytes(1_500_000).toString("base64"));
  await writePlugin(folder, { name: "sample", code: pluginCode("", `globalThis.ballast = ${ballast};`) });
  await all(folder, ["keys generate ci --trust trust.yaml"]);
  const release = [
    "build plugins/sample --out bundles",
    "sign bundles/acme-sample-1.0.0.tar.gz --key keys/ci.key",
  ];
  await all(folder, [...release, "publish bundles/acme-sample-1.0.0.tar.gz"]);
  await edit(join(folder, "plugins/sample/plugin.yaml"), "version: 1.0.0", "version: 1.0.1");
  await all(
    folder,
    release.map((line) => line.replace("1.0.0", "1.0.1")),
  );
  return folder;
}

/** What a command of {@link workshop} writes below its folder `output`, which it finds as `prepare` leaves it. */
interface Job {
  readonly line: string;
  readonly output: string;
  readonly prepare: (output: string) => Promise<unknown>;
  /** Whether all that is found there belongs together. */
  readonly isUsable?: (output: string) => Promise<boolean>;
}

const jobs: readonly Job[] = [
  { line: "build plugins/sample --out out", output: "out", prepare: (output) => mkdir(output) },
  {
    line: "sign signing/acme-sample-1.0.1.tar.gz --key keys/ci.key",
    output: "signing",
    async prepare(output) {
      await mkdir(output);
      await cp(join(output, "../bundles/acme-sample-1.0.1.tar.gz"), join(output, "acme-sample-1.0.1.tar.gz"));
    },
  },
  {
    line: "publish bundles/acme-sample-1.0.1.tar.gz --root root",
    output: "root",
    prepare: (output) => cp(join(output, "../.tradsys"), output, { recursive: true }),
    isUsable: async (output) => ["1.0.0", "1.0.0 1.0.1"].includes(await versionsIn(join(output, "store"))),
  },
];

/** Starts a command and kills it: at a moment of its run, or once it is seen to write. */
async function killed(folder: string, { line, output }: Job, moment: number | "writing"): Promise<void> {
  const child = spawn(process.execPath, typed(line), { cwd: folder, stdio: "ignore" });
  const ended = once(child, "exit");
  if (moment === "writing") {
    using watcher = Object.assign(watch(join(folder, output), { recursive: true }), {
      [Symbol.dispose]: () => watcher.close(),
    });
    await Promise.race([once(watcher, "change"), ended]);
    await setTimeout(Math.random() * 2);
  } else {
    await setTimeout(moment);
  }
  child.kill("SIGKILL");
  await ended;
}

/** A name under which something is written before it gets its own. */
const isTemporary = (path: string): boolean => /^\..*\.tmp$/.test(basename(path));

it.each(jobs)(
  "threat 25: `tradsys $line`, killed at any time, shows no partial artifact and can be run again",
  { timeout: 180_000 },
  async ({ isUsable = async () => true, ...job }) => {
    const folder = await workshop();
    const output = join(folder, job.output);
    const restart = async (): Promise<void> => {
      await rm(output, { recursive: true, force: true });
      await job.prepare(output);
    };

    await restart();
    const before = await contentsOf(output);
    const began = performance.now();
    await all(folder, [job.line]);
    const duration = performance.now() - began;
    const after = await contentsOf(output);
    expect(Object.keys(after).filter(isTemporary)).toEqual([]);

    await restart();
    let caught = 0;
    for (let i = 1; i <= MOMENTS; i++) {
      await killed(folder, job, i % 2 === 0 ? "writing" : Math.random() * duration);
      const found = Object.entries(await contentsOf(output));
      const visible = found.filter(([path]) => !isTemporary(path));
      expect(visible.filter(([path, content]) => ![before[path], after[path]].includes(content))).toEqual([]);
      expect(await isUsable(output)).toBe(true);
      if (found.length > visible.length) caught += 1;
      if (i % RETRY_EVERY !== 0) continue;
      await all(folder, [job.line]);
      expect(await contentsOf(output)).toEqual(after);
      await restart();
    }
    // Else it was never killed while it wrote, and nothing was tried.
    expect(caught).toBeGreaterThan(0);
  },
);

/** The versions in a store, of which every byte was read. */
async function versionsIn(store: string): Promise<string> {
  const found = await listCandidates(nodeFiles, store);
  for (const { manifest, blob: digest, size, envelopes } of found) {
    await readBlob(nodeFiles, store, { digest, maxBytes: size, what: "the bundle" });
    await readEnvelopes(nodeFiles, store, { ...manifest, envelopes });
  }
  return found.map(({ manifest }) => manifest.version).join(" ");
}

it("threat 25: commands that publish at once, the same bundle or others, lose nothing and mix nothing", async () => {
  const folder = await emptyFolder();
  const bundles: string[] = [];
  for (const name of ["a", "b", "c"]) bundles.push(`bundles/${await writePlugin(folder, { name })}.tar.gz`);
  await all(folder, [
    "build plugins/a plugins/b plugins/c --out bundles",
    `publish ${bundles.join(" ")} --root alone`,
  ]);
  const publishUntilDone = async (line: string): Promise<void> => {
    for (;;) {
      const { code, stderr } = await tradsys(folder, line);
      if (code === 0) return;
      expect({ code, stderr }).toEqual({ code: 75, stderr: expect.stringContaining("BUSY") });
    }
  };
  const together = [...bundles, ...bundles].map((bundle) => `publish ${bundle} --root together`);
  {
    await using _held = await nodeFiles.lock(join(folder, "together/store/publish.lock"));
    for (const line of together.slice(0, 2)) expect((await tradsys(folder, line)).code).toBe(75);
    expect(await nodeFiles.list(join(folder, "together/store"))).toEqual(["publish.lock"]);
  }
  await Promise.all(together.map(publishUntilDone));
  expect(await contentsOf(join(folder, "together"))).toEqual(await contentsOf(join(folder, "alone")));
});
