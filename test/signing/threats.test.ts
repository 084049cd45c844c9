/** One test for each row of the threat model that signatures and trust defend against, by the row's number. */
import { readFile, rm, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { applyPlan, rollBack } from "../../src/activation/activate.ts";
import type { PluginName } from "../../src/domain/ids.ts";
import type { Generation } from "../../src/domain/plan.ts";
import type { TrustPolicy } from "../../src/domain/trust.ts";
import { nodeFiles, type Files } from "../../src/platform/files.ts";
import { preload } from "../../src/runtime/preload.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { statementFor } from "../../src/signing/statement.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { blobPath } from "../../src/store/layout.ts";
import { readTrustFloor } from "../../src/store/trust-floor.ts";
import { packed } from "../bundle/sample.ts";
import {
  activating,
  activation,
  applyAll,
  digestOf,
  generationOf,
  oneOf,
  planFrom,
  publishSample,
  temporaryFolder,
  trust,
} from "../support/root.ts";
import {
  backup,
  bundle,
  ci,
  desk,
  envelopeOf,
  file,
  key,
  officer,
  policy,
  said,
  signed,
  status,
  stranger,
  tampered,
  usable,
} from "./cast.ts";

it("threat 2: a wrong signer, a key that has run out and a key of another role count for nothing", async () => {
  const byDesk = await signed(bundle, desk);
  const runOut = policy({ keys: [key("desk", desk, { role: "release", notAfter: "2026-03-14" })] });
  const notYet = policy({ keys: [key("desk", desk, { role: "release", notBefore: "2026-03-16" })] });
  const ofRisk = policy({ keys: [key("desk", desk, { role: "risk" })] });
  const ofOthers = policy({
    keys: [key("desk", desk, { role: "release", plugins: ["@acme/other" as PluginName] })],
  });
  const ofStrategies = policy({ keys: [key("desk", desk, { role: "release", kinds: ["strategy"] })] });
  const ofManagers = policy({ keys: [key("desk", desk, { role: "release", kinds: ["risk-manager"] })] });
  expect(status([byDesk])).toBe("signed");
  expect(status([byDesk], { policy: ofManagers })).toBe("signed");
  expect(status([await signed(bundle, stranger)])).toBe("untrusted");
  expect(status([await signed(bundle, officer, "release")])).toBe("untrusted");
  expect(status([await signed(bundle, desk, "risk")])).toBe("untrusted");
  for (const strict of [runOut, notYet, ofRisk, ofOthers, ofStrategies]) {
    expect(status([byDesk], { policy: strict })).toBe("untrusted");
  }
});

it("threat 2: a key cannot sign a plugin of one kind under a statement about another kind", async () => {
  const claimed = { ...bundle, manifest: { ...bundle.manifest, kind: "strategy" as const } };
  const ofStrategies = policy({ keys: [key("desk", desk, { role: "release", kinds: ["strategy"] })] });
  expect(status([await signed(claimed, desk)], { policy: ofStrategies })).toBe("untrusted");
});

it("threat 3: one key counts once: signing twice, under two key ids, under two names or in two roles", async () => {
  const two = { threshold: { release: 2 } };
  const byDesk = await signed(bundle, desk);
  const underOtherId = tampered(byDesk, ({ verificationMaterial, dsseEnvelope }) => {
    verificationMaterial.publicKey.hint = backup.signer.publicKey.id;
    for (const signature of dsseEnvelope.signatures) signature.keyid = backup.signer.publicKey.id;
  });
  const twoNames = [key("desk", desk, { role: "release" }), key("desk too", desk, { role: "release" })];
  const twoRoles = [key("desk", desk, { role: "release" }), key("desk risk", desk, { role: "risk" })];
  expect(status([byDesk, await signed(bundle, backup)], { policy: policy(two) })).toBe("signed");
  expect(status([byDesk, byDesk], { policy: policy(two) })).toBe("untrusted");
  expect(status([byDesk, underOtherId], { policy: policy(two) })).toBe("untrusted");
  expect(status([byDesk, underOtherId], { policy: policy({ ...two, keys: twoNames }) })).toBe("untrusted");
  expect(() => status([byDesk], { policy: policy({ keys: twoRoles }) })).toThrow("one key in two roles");
});

it("threat 4: a statement signed as another type of payload or predicate is not taken for an approval", async () => {
  const approval = statementFor(bundle, "release");
  const provenance = statementFor(bundle, "builder").toString();
  expect(status([await envelopeOf(approval, desk)])).toBe("signed");
  // Signed as JSON, shown as a statement: only the type in the signed bytes differs.
  expect(status([await envelopeOf(approval, desk, "application/json")])).toBe("invalid");
  // A builder's key is trusted for provenance; with a release predicate in it, it is no release.
  expect(status([await envelopeOf(approval, ci)])).toBe("untrusted");
  expect(status([await envelopeOf(provenance, desk)])).toBe("untrusted");
  const dressed = provenance.replace("slsa.dev/provenance/v1", "tradsys.dev/attestation/release/v1");
  expect(status([await envelopeOf(dressed, desk)])).toBe("invalid");
});

const telling = (word: string) => activating(`context.log.info("${word}"); return { main: {} };`);

it("threat 5: a bundle that is exchanged after it was read is not what runs", async () => {
  const root = await temporaryFolder();
  const generation = await oneOf(root, { name: "risk", code: telling("honest") });
  await applyAll(root, generation);
  // Without its pack a start reads the store.
  await rm(rootPaths(root).host, { recursive: true });
  const other = await temporaryFolder();
  const evil = await publishSample(other, { name: "risk", code: telling("evil") });
  const evilBytes = await readFile(blobPath(rootPaths(other).store, evil.blob));

  const blob = blobPath(rootPaths(root).store, generation.plugins[0]?.blob ?? evil.blob);
  let reads = 0;
  const exchanging: Files = {
    ...nodeFiles,
    async read(path, maxBytes) {
      const bytes = await nodeFiles.read(path, maxBytes);
      if (path === blob) {
        reads++;
        await writeFile(path, evilBytes);
      }
      return bytes;
    },
  };
  const words: string[] = [];
  const runtime = await startRuntime({
    root,
    files: exchanging,
    log: ({ message }) => void words.push(message),
  });
  await runtime.stop();
  expect([reads, words]).toEqual([1, ["honest"]]);
  expect(await readFile(blob)).toEqual(evilBytes);
  await expect(preload({ root })).rejects.toMatchObject({ code: "BLOB_DIGEST_MISMATCH" });
});

it("threat 6: a signature has one text: no other base64, no more bytes, no second signature", async () => {
  const byDesk = await signed(bundle, desk);
  const withSignature = (change: (sig: string) => string) =>
    tampered(byDesk, ({ dsseEnvelope }) => {
      dsseEnvelope.signatures = dsseEnvelope.signatures.map(({ sig }) => ({ sig: change(sig) }));
    });
  expect(status([withSignature((sig) => sig)])).toBe("signed");
  const odd = [
    withSignature((sig) => `${sig}\n`),
    withSignature((sig) => sig.replace(/=+$/, "")),
    withSignature((sig) => sig.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")),
    withSignature((sig) => Buffer.concat([Buffer.from(sig, "base64"), Buffer.of(0)]).toString("base64")),
    tampered(byDesk, ({ dsseEnvelope }) => dsseEnvelope.signatures.push(...dsseEnvelope.signatures)),
    tampered(byDesk, ({ dsseEnvelope }) => (dsseEnvelope.payload = ` ${dsseEnvelope.payload}`)),
  ];
  for (const envelope of odd) expect(status([envelope])).toBe("invalid");
});

it("threat 7: an older release that is signed rightly does not come back below the release epoch", async () => {
  const root = await temporaryFolder();
  const leaky = await oneOf(root, { name: "risk", version: "1.0.0" });
  const fixed = await oneOf(root, { name: "risk", version: "1.0.1", manifest: { releaseEpoch: 1 } });
  const later = await oneOf(root, { name: "risk", version: "1.1.0", manifest: { releaseEpoch: 1 } });
  const [before, after] = await applyAll(root, leaky, fixed);
  const reason = expect.stringContaining("release epoch is 0, and @acme/risk of epoch 1 was active here");
  const refusal = { code: "NOT_TRUSTED", message: reason };
  await expect(rollBack(before?.to, activation(root))).rejects.toMatchObject(refusal);
  await expect(applyPlan(planFrom(after?.to ?? null, leaky), activation(root))).rejects.toMatchObject(
    refusal,
  );
  // Whoever turns the link by hand starts nothing either.
  await nodeFiles.switchLink(rootPaths(root).current, `generations/${digestOf(leaky).slice(7)}`);
  await expect(preload({ root })).rejects.toMatchObject(refusal);
  await nodeFiles.switchLink(rootPaths(root).current, `generations/${digestOf(fixed).slice(7)}`);
  // Within an epoch a way back stays open.
  await applyPlan(planFrom(digestOf(fixed), later), activation(root));
  expect(await rollBack(undefined, activation(root))).toMatchObject({ to: digestOf(fixed), changed: true });
});

it("threat 7: a plan cannot hide the epoch of what it activates", async () => {
  const root = await temporaryFolder();
  const plugin = await publishSample(root, { name: "risk", manifest: { releaseEpoch: 3 } });
  const { releaseEpoch: _, ...hidden } = plugin;
  const generation = generationOf([hidden], { "risk#main": {} });
  await expect(applyAll(root, generation)).rejects.toMatchObject({ code: "BUNDLE_MODIFIED" });
});

it("threat 11: a stolen builder key alone releases nothing where two roles must sign", async () => {
  const strict = policy({ threshold: { builder: 1, release: 1 } });
  const built = await signed(bundle, ci, "builder");
  expect(status([built], { policy: strict })).toBe("untrusted");
  expect(status([built, await signed(bundle, ci, "release")], { policy: strict })).toBe("untrusted");
  expect(status([built, await signed(bundle, desk)], { policy: strict })).toBe("signed");
  const revoked = { keys: [{ name: "ci", reason: "stolen" }], digests: [] };
  expect(said([built, await signed(bundle, desk)], { policy: { ...strict, revoked } })).toContain(
    "the signature of ci does not count: it is revoked: stolen",
  );
});

/** Policies that take something back, as the next deployment would bring them. */
const REVOCATIONS: readonly {
  what: string;
  revoked: (old: Generation) => TrustPolicy["revoked"];
  why: string;
}[] = [
  {
    what: "the key that signed it",
    revoked: () => ({ keys: [{ name: "ci", reason: "laptop stolen" }], digests: [] }),
    why: "laptop stolen",
  },
  {
    what: "its content",
    revoked: ({ plugins }) => ({
      keys: [],
      digests: plugins.map(({ content: digest }) => ({ digest, reason: "loses fills" })),
    }),
    why: "loses fills",
  },
  {
    what: "its blob",
    revoked: ({ plugins }) => ({
      keys: [],
      digests: plugins.map(({ blob: digest }) => ({ digest, reason: "loses fills" })),
    }),
    why: "loses fills",
  },
];

it.each(REVOCATIONS)(
  "threat 12: what was let in does not start or come back after $what was revoked",
  async ({ revoked, why }) => {
    const root = await temporaryFolder();
    const old = await oneOf(root, { name: "risk" });
    await applyAll(root, old);
    const empty = generationOf([], {}, { ...trust, revoked: revoked(old) });
    await applyPlan(planFrom(digestOf(old), empty), activation(root));
    // A later policy that says nothing of it takes nothing back.
    const forgetful = generationOf([], {}, { ...trust, threshold: { builder: 1, release: 0 } });
    await applyPlan(planFrom(digestOf(empty), forgetful), activation(root));

    const refusal = { code: "NOT_TRUSTED", message: expect.stringContaining(why) as string };
    await expect(rollBack(digestOf(old), activation(root))).rejects.toMatchObject(refusal);
    await expect(applyPlan(planFrom(digestOf(forgetful), old), activation(root))).rejects.toMatchObject(
      refusal,
    );
    await nodeFiles.switchLink(rootPaths(root).current, `generations/${digestOf(old).slice(7)}`);
    await expect(preload({ root })).rejects.toMatchObject(refusal);
    await expect(startRuntime({ root })).rejects.toMatchObject(refusal);
  },
);

it("threat 12: nothing starts where what was revoked cannot be read", async () => {
  const root = await temporaryFolder();
  await applyAll(root, await oneOf(root, { name: "risk" }));
  const { trustFloor } = rootPaths(root);
  const floor = await readFile(trustFloor, "utf8");
  for (const text of [
    "",
    "{}",
    floor.slice(0, -1),
    floor.replace("revokedKeys", "revokedkeys"),
    `${floor}x`,
  ]) {
    await writeFile(trustFloor, text);
    await expect(preload({ root })).rejects.toMatchObject({ code: "TRUST_FLOOR_DAMAGED" });
  }
  await writeFile(trustFloor, floor);
  await expect(preload({ root })).resolves.toBeDefined();
});

/** Files for a process that dies as it takes this step at this path. */
const dying = (step: keyof Files, path: string): Files => ({
  ...nodeFiles,
  async [step](at: string, ...rest: never[]) {
    if (at === path) throw new Error("this process is dead");
    return (nodeFiles[step] as (...args: unknown[]) => unknown)(at, ...rest);
  },
});

it("threat 28: a root learns nothing from what was refused, and all from what it switched to, wherever that died", async () => {
  const root = await temporaryFolder();
  const old = await oneOf(root, { name: "risk", version: "1.0.0" });
  const next = await oneOf(root, { name: "risk", version: "2.0.0", manifest: { releaseEpoch: 5 } });
  await applyAll(root, old);
  const before = await readTrustFloor(nodeFiles, root);

  // Signed by nobody who is trusted: an epoch of 5 in it must not shut out what is active.
  const untrusted = { ...next, trust: { ...trust, threshold: { builder: 2 } } };
  await expect(applyPlan(planFrom(digestOf(old), untrusted), activation(root))).rejects.toMatchObject({
    code: "NOT_TRUSTED",
  });
  expect(await readTrustFloor(nodeFiles, root)).toEqual(before);

  const { current, trustFloor } = rootPaths(root);
  const apply = (files: Files) => applyPlan(planFrom(digestOf(old), next), activation(root, files));
  await expect(apply(dying("switchLink", current))).rejects.toThrow("dead");
  expect(await readTrustFloor(nodeFiles, root)).toEqual(before);
  // It switched and died before it could write down what it had learned: whoever comes next does.
  await expect(apply(dying("write", trustFloor))).rejects.toThrow("dead");
  await expect(rollBack(digestOf(old), activation(root))).rejects.toMatchObject({ code: "NOT_TRUSTED" });
  expect((await readTrustFloor(nodeFiles, root)).epochs).toEqual({ "@acme/risk": 5 });
});

it("threat 29: a clock that is set back makes no key valid again, and one that goes on stops nothing that was let in", async () => {
  const root = await temporaryFolder();
  const untilJune = { ...trust, keys: trust.keys.map((each) => ({ ...each, notAfter: "2026-06-30" })) };
  const old = generationOf([await publishSample(root, { name: "risk" })], { "risk#main": {} }, untilJune);
  const fresh = generationOf([await publishSample(root, { name: "limit" })], { "limit#main": {} }, untilJune);
  const empty = generationOf([], {}, untilJune);
  const on = (day: string) => activation(root, nodeFiles, day);

  await applyPlan(planFrom(null, old), on("2026-06-01"));
  // The key has run out: what it let in still starts, nothing new of it is let in.
  await expect(preload({ root, now: on("2027-01-01").now })).resolves.toBeDefined();
  await expect(applyPlan(planFrom(digestOf(old), fresh), on("2026-07-01"))).rejects.toMatchObject({
    code: "NOT_TRUSTED",
    message: expect.stringContaining("it was valid until 2026-06-30") as string,
  });
  await applyPlan(planFrom(digestOf(old), empty), on("2026-07-01"));
  // Time was seen to be in July; a clock in June is wrong.
  await expect(applyPlan(planFrom(digestOf(empty), fresh), on("2026-06-15"))).rejects.toMatchObject({
    code: "NOT_TRUSTED",
  });
  expect(await rollBack(digestOf(old), on("2026-06-15"))).toMatchObject({ changed: true });
  expect((await readTrustFloor(nodeFiles, root)).lastDay).toBe("2026-07-01");
});

const verdict = (given: Parameters<typeof status>[1], envelopes: readonly string[] = []) =>
  [status(envelopes, given), usable(envelopes, given)] as const;

it("a policy that warns lets run what lacks signatures, and nothing that is revoked, changed or below the epoch", async () => {
  const warning = policy({ mode: "warn" });
  expect(said([], { policy: warning })).toBe(
    `${file} is not signed; it needs 1 more release signature, by desk or backup`,
  );
  expect(verdict({ policy: warning })).toEqual(["unsigned", true]);
  expect(verdict({ policy: warning }, [await signed(bundle, stranger)])).toEqual(["untrusted", true]);
  expect(verdict({ policy: policy() })).toEqual(["unsigned", false]);
  for (const digest of [bundle.content, bundle.blob]) {
    const revoked = { keys: [], digests: [{ digest, reason: "loses fills" }] };
    expect(verdict({ policy: { ...warning, revoked } })).toEqual(["untrusted", false]);
  }
  const byDesk = await signed(bundle, desk);
  expect(verdict({ policy: warning, bytes: packed({}, "evil").bytes }, [byDesk])).toEqual([
    "modified",
    false,
  ]);
  expect(verdict({ policy: warning, bytes: bundle.bytes.subarray(9) })).toEqual(["unsigned", false]);
  const forged = tampered(byDesk, ({ dsseEnvelope }) => (dsseEnvelope.signatures = [{ sig: "AAAA" }]));
  expect(verdict({ policy: warning }, [forged])).toEqual(["invalid", false]);
  expect(verdict({ policy: policy({ mode: "warn", threshold: {} }) })).toEqual(["untrusted", false]);
});

it("a root that has enforced does not go back to warning", async () => {
  const root = await temporaryFolder();
  const nobody: TrustPolicy = { ...trust, mode: "warn", threshold: { builder: 2 } };
  const doubtful = { ...(await oneOf(root, { name: "risk" })), trust: nobody };
  const [first] = await applyAll(root, doubtful);
  expect(first?.warnings).toMatchObject([{ code: "NOT_TRUSTED", severity: "warning" }]);
  expect((await preload({ root })).warnings).toHaveLength(1);
  const runtime = await startRuntime({ root });
  expect(runtime.warnings).toHaveLength(1);
  await runtime.stop();

  const enforcing = generationOf([], {});
  await applyPlan(planFrom(digestOf(doubtful), enforcing), activation(root));
  await expect(rollBack(digestOf(doubtful), activation(root))).rejects.toMatchObject({ code: "NOT_TRUSTED" });
});
