import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it } from "vitest";

import { sha256 } from "../../src/domain/digest.ts";
import { PAYLOAD_TYPE, preAuthEncoding } from "../../src/signing/dsse.ts";
import { parseEnvelope } from "../../src/signing/envelope.ts";
import { generateKey, localSigner, type Signer } from "../../src/signing/keys.ts";
import { signBundle } from "../../src/signing/sign.ts";
import { packed } from "../bundle/sample.ts";
import { ci, desk, officer, signed, tampered } from "./cast.ts";

function statementIn(envelope: string): unknown {
  const parsed = parseEnvelope(envelope);
  return parsed.ok && JSON.parse(parsed.value.payload.toString());
}

it("signs equal bundles to equal envelopes with an Ed25519 key", async () => {
  expect(await signed(packed(), desk)).toBe(await signed(packed(), desk));
});

it("says who releases which bundle, by both digests", async () => {
  const bundle = packed();
  expect(statementIn(await signed(bundle, officer, "risk"))).toEqual({
    _type: "https://in-toto.io/Statement/v1",
    subject: [
      { name: "tradsys-risk-core-4.2.0.tar.gz", digest: { sha256: bundle.blob.slice(7) } },
      { name: "tradsys-risk-core-4.2.0.tar", digest: { sha256: bundle.content.slice(7) } },
      // Each file too, so that whoever finds a change can say where it is.
      ...[...bundle.files].map(([name, bytes]) => ({ name, digest: { sha256: sha256(bytes).slice(7) } })),
    ],
    predicateType: "https://tradsys.dev/attestation/release/v1",
    predicate: { role: "risk", name: "@tradsys/risk-core", version: "4.2.0", kind: "risk-manager" },
  });
});

it("says how a bundle was built as SLSA provenance", async () => {
  const bundle = packed();
  const { options, inputs } = bundle.manifest.build;
  expect(statementIn(await signed(bundle, ci, "builder"))).toMatchObject({
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        externalParameters: {
          name: "@tradsys/risk-core",
          version: "4.2.0",
          kind: "risk-manager",
          entry: "src/index.ts",
        },
        internalParameters: { options },
        resolvedDependencies: [
          { name: "inputs", digest: { sha256: inputs.slice(7) } },
          { name: "esbuild", uri: "pkg:npm/esbuild@0.28.2" },
        ],
      },
      runDetails: { builder: { id: "https://tradsys.dev/build-plugin" } },
    },
  });
});

it("does not hand out a signature that its own key does not verify", async () => {
  const other = localSigner(generateKey().privatePem);
  const confused: Signer = { publicKey: desk.signer.publicKey, sign: (bytes) => other.sign(bytes) };
  await expect(signBundle(packed(), confused, { role: "release" })).rejects.toMatchObject({
    code: "KEY_INVALID",
  });
});

it("reads its own envelopes, and those that name a key id as DSSE allows", async () => {
  const envelope = await signed(packed(), desk);
  expect(parseEnvelope(envelope)).toMatchObject({ ok: true, value: { hint: desk.signer.publicKey.id } });
  const withKeyId = tampered(envelope, ({ dsseEnvelope }) => {
    for (const signature of dsseEnvelope.signatures) signature.keyid = "any";
  });
  expect(parseEnvelope(withKeyId).ok).toBe(true);
});

it("refuses every other form of envelope", async () => {
  const envelope = await signed(packed(), desk);
  const odd = [
    "",
    "null",
    "[]",
    envelope.slice(0, -3),
    `${envelope}${envelope}`,
    envelope.replace("v0.3", "v0.2"),
    envelope.replace('"hint"', '"certificate":"","hint"'),
    envelope.replace("{", '{"tlog":1,'),
    tampered(envelope, ({ dsseEnvelope }) => (dsseEnvelope.payloadType = "application/json")),
    tampered(envelope, ({ dsseEnvelope }) => (dsseEnvelope.payload += " ")),
    tampered(
      envelope,
      ({ dsseEnvelope }) => (dsseEnvelope.payload = dsseEnvelope.payload.replace(/.=*$/, "-")),
    ),
    tampered(envelope, ({ dsseEnvelope }) => (dsseEnvelope.signatures = [])),
    tampered(envelope, ({ dsseEnvelope }) => dsseEnvelope.signatures.push({ sig: "AAAA" })),
    tampered(envelope, ({ verificationMaterial }) => (verificationMaterial.publicKey.hint = "\u001b[2J")),
    tampered(envelope, ({ verificationMaterial }) => (verificationMaterial.publicKey.hint = "x".repeat(200))),
  ];
  expect(odd.filter((text) => parseEnvelope(text).ok)).toEqual([]);
});

it("refuses an envelope that is too large before it is parsed", () => {
  expect(parseEnvelope(" ".repeat(1_100_000))).toEqual({
    ok: false,
    error: "it is larger than 1048576 bytes",
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

it.skipIf(!hasOpenssl)("is verified by openssl alone (skipped where there is none)", async () => {
  const envelope = parseEnvelope(await signed(packed(), desk));
  const { payload, signature } = envelope.ok
    ? envelope.value
    : { payload: Buffer.of(), signature: Buffer.of() };
  const folder = await mkdtemp(join(tmpdir(), "tradsys-sign-"));
  const check = async (bytes: Buffer): Promise<string> => {
    await writeFile(join(folder, "bytes"), bytes);
    await writeFile(join(folder, "sig"), signature);
    await writeFile(join(folder, "key.pem"), desk.publicPem);
    const args = [
      "pkeyutl",
      "-verify",
      "-pubin",
      "-inkey",
      "key.pem",
      "-rawin",
      "-in",
      "bytes",
      "-sigfile",
      "sig",
    ];
    return spawnSync("openssl", args, { cwd: folder, encoding: "utf8" }).stdout.trim();
  };
  try {
    expect(await check(preAuthEncoding(PAYLOAD_TYPE, payload))).toBe("Signature Verified Successfully");
    expect(await check(payload)).toBe("Signature Verification Failure");
  } finally {
    await rm(folder, { recursive: true });
  }
});
