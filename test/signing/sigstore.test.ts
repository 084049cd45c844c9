import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, Verifier } from "@sigstore/verify";
import { expect, it, onTestFinished } from "vitest";

import type { Role } from "../../src/domain/trust.ts";
import { generateKey, localSigner, type PublicKey } from "../../src/signing/keys.ts";
import { bundle, ci, desk, file, officer, signed, tampered } from "./cast.ts";

/** What the Sigstore project's own JavaScript says of an envelope: undefined if it accepts it. */
function sigstoreRefusal(envelope: string, { id, key }: PublicKey): string | undefined {
  const trustMaterial = {
    certificateAuthorities: [],
    timestampAuthorities: [],
    tlogs: [],
    ctlogs: [],
    publicKey(hint: string) {
      if (hint !== id) throw new Error(`no key ${hint}`);
      return { publicKey: key, validFor: () => true };
    },
  };
  try {
    const entity = toSignedEntity(bundleFromJSON(JSON.parse(envelope)));
    new Verifier(trustMaterial, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(
      entity,
    );
    return undefined;
  } catch (error) {
    return String(error);
  }
}

const p256 = generateKey({ algorithm: "p256" });
const signers = [
  { who: "an Ed25519 key", by: ci },
  { who: "a P-256 key", by: { signer: localSigner(p256.privatePem), publicPem: p256.publicPem } },
];

it.each(signers)(
  "is accepted by sigstore-js when $who signed, and refused after any change",
  async ({ by }) => {
    const envelope = await signed(bundle, by, "builder");
    const { publicKey } = by.signer;
    expect(sigstoreRefusal(envelope, publicKey)).toBeUndefined();

    const other = JSON.parse(await signed(bundle, desk)) as { dsseEnvelope: { payload: string } };
    const changed = [
      tampered(envelope, ({ dsseEnvelope }) => (dsseEnvelope.payload = other.dsseEnvelope.payload)),
      tampered(envelope, ({ dsseEnvelope }) => (dsseEnvelope.payloadType = "application/json")),
      tampered(envelope, ({ dsseEnvelope }) => {
        for (const signature of dsseEnvelope.signatures)
          signature.sig = signature.sig.replace(/^./, (c) => (c === "A" ? "B" : "A"));
      }),
    ];
    for (const each of changed)
      expect(sigstoreRefusal(each, publicKey)).toContain("signature verification failed");
    expect(sigstoreRefusal(envelope, officer.signer.publicKey)).toContain("no key");
  },
);

const cosignVersion = spawnSync("cosign", ["version", "--json"], { encoding: "utf8" }).stdout ?? "";
const hasCosign = /"gitVersion":\s*"v?3\./.test(cosignVersion);

it.skipIf(!hasCosign).each<{ role: Role; by: typeof ci; type: string }>([
  { role: "builder", by: ci, type: "slsaprovenance1" },
  { role: "release", by: desk, type: "https://tradsys.dev/attestation/release/v1" },
])(
  "is accepted by cosign 3 in the role of $role, and refused after any change (skipped where cosign 3 is not on the PATH)",
  async ({ role, by, type }) => {
    const folder = await mkdtemp(join(tmpdir(), "tradsys-cosign-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const put = (name: string, bytes: Uint8Array | string) => writeFile(join(folder, name), bytes);
    const cosign = (artifact: string, envelope: string, key = "key.pub") =>
      spawnSync(
        "cosign",
        [
          "verify-blob-attestation",
          "--key",
          key,
          "--bundle",
          envelope,
          "--insecure-ignore-tlog",
          "--type",
          type,
          artifact,
        ],
        { cwd: folder, encoding: "utf8", env: { PATH: process.env["PATH"], HOME: folder } },
      ).status;

    const envelope = await signed(bundle, by, role);
    const damaged = Buffer.from(bundle.bytes);
    damaged.writeUInt8(damaged.readUInt8(100) ^ 1, 100);
    const other = JSON.parse(await signed({ ...bundle, blob: bundle.content }, by, role)) as {
      dsseEnvelope: { payload: string };
    };
    await Promise.all([
      put(file, bundle.bytes),
      put("damaged.tar.gz", damaged),
      put("key.pub", by.publicPem),
      put("other.pub", officer.publicPem),
      put("envelope.json", envelope),
      put(
        "payload.json",
        tampered(envelope, ({ dsseEnvelope }) => (dsseEnvelope.payload = other.dsseEnvelope.payload)),
      ),
    ]);
    expect(cosign(file, "envelope.json")).toBe(0);
    expect(cosign("damaged.tar.gz", "envelope.json")).toBeGreaterThan(0);
    expect(cosign(file, "payload.json")).toBeGreaterThan(0);
    expect(cosign(file, "envelope.json", "other.pub")).toBeGreaterThan(0);
  },
);
