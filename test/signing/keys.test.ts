import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";

import { expect, it } from "vitest";

import { sha256 } from "../../src/domain/digest.ts";
import { generateKey, localSigner, readPublicKey, verifies } from "../../src/signing/keys.ts";

const pem = (key: KeyObject, type: "spki" | "pkcs8"): string =>
  key.export({ type, format: "pem" }).toString();

it("makes keys that sign and verify, named by their public half", async () => {
  const { privatePem, publicPem, keyId } = generateKey();
  const signer = localSigner(privatePem);
  const signature = await signer.sign(Buffer.from("text"));
  const key = readPublicKey(publicPem);
  expect(verifies(key, Buffer.from("text"), signature)).toBe(true);
  expect(verifies(key, Buffer.from("test"), signature)).toBe(false);
  const der = createPublicKey(publicPem).export({ type: "spki", format: "der" });
  expect([key.id, signer.publicKey.id, keyId]).toEqual([sha256(der), sha256(der), sha256(der)]);
});

it("opens an encrypted key only with its passphrase", async () => {
  const { privatePem, publicPem } = generateKey({ passphrase: "correct horse" });
  expect(privatePem).toContain("BEGIN ENCRYPTED PRIVATE KEY");
  const signature = await localSigner(privatePem, "correct horse").sign(Buffer.from("text"));
  expect(verifies(readPublicKey(publicPem), Buffer.from("text"), signature)).toBe(true);
  expect(() => localSigner(privatePem)).toThrow(
    expect.objectContaining({
      code: "KEY_LOCKED",
      message: expect.stringContaining("no passphrase was given"),
    }),
  );
  expect(() => localSigner(privatePem, "wrong")).toThrow(expect.objectContaining({ code: "KEY_LOCKED" }));
});

it("takes P-256 keys, and gives one key one id however its point is written", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signature = await localSigner(pem(privateKey, "pkcs8")).sign(Buffer.from("text"));
  const full = readPublicKey(pem(publicKey, "spki"));
  expect(verifies(full, Buffer.from("text"), signature)).toBe(true);

  const der = publicKey.export({ type: "spki", format: "der" });
  const point = Buffer.concat([Buffer.from([(der.at(-1) ?? 0) % 2 === 0 ? 2 : 3]), der.subarray(27, 59)]);
  const compressed = Buffer.concat([
    Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex"),
    point,
  ]);
  const text = `-----BEGIN PUBLIC KEY-----\n${compressed.toString("base64")}\n-----END PUBLIC KEY-----\n`;
  expect(readPublicKey(text).id).toBe(full.id);
});

it("refuses every other kind of key", () => {
  const invalid = expect.objectContaining({ code: "KEY_INVALID" });
  for (const { publicKey, privateKey } of [
    generateKeyPairSync("rsa", { modulusLength: 2048 }),
    generateKeyPairSync("ec", { namedCurve: "P-384" }),
    generateKeyPairSync("ed448"),
    generateKeyPairSync("x25519"),
  ]) {
    expect(() => readPublicKey(pem(publicKey, "spki"))).toThrow(invalid);
    expect(() => localSigner(pem(privateKey, "pkcs8"))).toThrow(invalid);
  }
});

it("refuses what is not one public key", () => {
  const { privatePem, publicPem } = generateKey();
  const invalid = expect.objectContaining({ code: "KEY_INVALID" });
  for (const text of [
    "",
    "key",
    privatePem,
    publicPem + publicPem,
    publicPem.replace(/\n.*\n/, "\nAAAA\n"),
  ]) {
    expect(() => readPublicKey(text)).toThrow(invalid);
  }
  for (const text of ["", "key", publicPem]) expect(() => localSigner(text)).toThrow(invalid);
});

it("takes a malformed signature for a wrong one", () => {
  const key = readPublicKey(generateKey().publicPem);
  for (const size of [0, 1, 63, 65, 1000])
    expect(verifies(key, Buffer.of(1), Buffer.alloc(size))).toBe(false);
});
