import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { applyPlan, type Activation } from "../../src/activation/activate.ts";
import { packBundle } from "../../src/build/pack.ts";
import { CODE_FILE } from "../../src/domain/bundle.ts";
import { sha256 } from "../../src/domain/digest.ts";
import type { PluginName } from "../../src/domain/ids.ts";
import type { Generation, GenerationPlugin } from "../../src/domain/plan.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { generateKey, localSigner } from "../../src/signing/keys.ts";
import { signBundle } from "../../src/signing/sign.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { blobPath } from "../../src/store/layout.ts";
import { publish } from "../../src/store/publish.ts";
import { verifyGeneration } from "../../src/store/verified-plugin.ts";
import { manifest } from "../../test/bundle/sample.ts";
/**
 * What it takes to apply a plan that leaves 50 plugins as they are and changes the configuration of one more, beside
 * hashing their bundles, in turn in one process. Target: at most 1.5 times as long.
 */
import { planBetween } from "../../test/support/switch.ts";
import { describe } from "./interleaved.ts";

const PLUGINS = 50;
/** Bytes of code of each, about what a connector with its dependencies has. */
const CODE_BYTES = 1_300_000;
const rounds = Number(process.argv[2] ?? 11);

const { privatePem, publicPem } = generateKey();
const signer = localSigner(privatePem);
const now = new Date("2026-03-15T12:00:00Z");

/** Text that compresses as code does, to about a third. */
const codeOf = (size: number): Buffer =>
  Buffer.from(
    `module.exports = {};//${randomBytes(size / 4)
      .toString("hex")
      .replaceAll(/(.{40})/g, "$1 return value ")}`.slice(0, size),
  );

async function published(root: string, name: string): Promise<GenerationPlugin> {
  const { bytes, ...bundle } = await packBundle(
    manifest({ name: `@bench/${name}` as PluginName, version: "1.0.0" }),
    new Map([[CODE_FILE, codeOf(CODE_BYTES)]]),
  );
  const envelopes = [await signBundle(bundle, signer, { role: "builder" })];
  await publish(nodeFiles, rootPaths(root).store, { bytes, bundle, envelopes });
  const { content, blob } = bundle;
  return {
    name: bundle.manifest.name,
    version: "1.0.0",
    content,
    blob,
    envelopes: envelopes.map(sha256),
    config: {},
  };
}

const generationWith = (plugins: readonly GenerationPlugin[]): Generation => ({
  apiVersion: "tradsys/generation/v1",
  deployment: "bench",
  host: { api: "3.1.0", node: "24.15.0", platform: "linux-x64" },
  trust: {
    apiVersion: "tradsys/trust/v1",
    keys: [{ name: "ci", role: "builder", publicKey: publicPem }],
    threshold: { builder: 1 },
    revoked: { keys: [], digests: [] },
  },
  plugins,
  facets: [],
});

const root = await mkdtemp(join(tmpdir(), "tradsys-bench-"));
try {
  const names = Array.from({ length: PLUGINS }, (_, i) => `p${i}`);
  const plugins = await Array.fromAsync(names, (name) => published(root, name));
  const changing = await published(root, "changing");
  // A pack is for the next start, and takes what a full verification takes.
  const activation: Activation = { files: nodeFiles, root, now: () => now, actor: "bench", packs: false };
  const withConfig = (round: number): Generation =>
    generationWith([...plugins, { ...changing, config: { round } }]);
  let current = withConfig(-1);
  await applyPlan(planBetween(null, current), activation);

  const subjects: Record<string, (round: number) => Promise<unknown>> = {
    "read and hash 50 bundles": () =>
      Promise.all(
        plugins.map(async ({ blob }) => sha256(await readFile(blobPath(rootPaths(root).store, blob)))),
      ),
    "apply, 50 plugins unchanged": async (round) => {
      const next = withConfig(round);
      await applyPlan(planBetween(current, next), activation);
      current = next;
    },
    "verify all of them in full": () =>
      verifyGeneration(generationWith(plugins), { files: nodeFiles, root, now }),
  };
  const timed = Object.keys(subjects).map((name) => ({ name, times: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, subject] of Object.values(subjects).entries()) {
      const began = performance.now();
      await subject(round);
      // The first round warms the page cache and is not counted.
      if (round > 0) timed[i]?.times.push(performance.now() - began);
    }
  }
  const [baseline] = timed;
  if (!baseline) throw new Error("nothing was timed");
  console.log(
    `${rounds} rounds, in turn; Node.js ${process.versions.node} on ${process.platform}-${process.arch}`,
  );
  for (const subject of timed) console.log(describe(subject, baseline));
} finally {
  await rm(root, { recursive: true });
}
