import { expect, it } from "vitest";

import { packBundle } from "../../src/build/pack.ts";
import type { OpenBundle } from "../../src/domain/bundle.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { parseEnvelope } from "../../src/signing/envelope.ts";
import { statementFor } from "../../src/signing/statement.ts";
import { describeVerification, verificationError } from "../../src/signing/verification.ts";
import { code, gzip, manifest, packed } from "../bundle/sample.ts";
import { archive, entry } from "../bundle/tar.ts";
import {
  backup,
  bundle,
  desk,
  envelopeOf,
  file,
  policy,
  said,
  signed,
  status,
  stranger,
  tampered,
  verify,
} from "./cast.ts";

const digestIn = ({ files }: OpenBundle, name: string) => sha256(files.get(name) ?? "");

it("trusts a bundle that a trusted key signed", async () => {
  const verification = verify([await signed(bundle, desk)]);
  const { bytes: _, ...opened } = bundle;
  expect(verification).toEqual({
    status: "signed",
    file,
    bundle: opened,
    keys: [{ name: "desk", role: "release", id: desk.signer.publicKey.id }],
  });
  expect(describeVerification(verification)).toBe(`${file} is signed by desk (release)`);
});

it("trusts the same content however it is compressed", async () => {
  const tar = archive(...[...bundle.files].map(([name, body]) => entry(name, body)));
  const envelope = await signed({ ...bundle, blob: sha256("other zlib") }, desk);
  expect(status([envelope], { bytes: gzip(tar) })).toBe("signed");
});

it("says that nobody signed", () => {
  expect(said([])).toBe(`${file} is not signed; it needs 1 more release signature, by desk or backup`);
});

it("does not care what the hint says when the signature is right", async () => {
  const released = tampered(await signed(bundle, desk), ({ verificationMaterial }) => {
    verificationMaterial.publicKey.hint = "anything";
  });
  expect(status([released])).toBe("signed");
});

it("does not trust a stranger", async () => {
  const verification = verify([await signed(bundle, stranger)]);
  expect(describeVerification(verification)).toBe(
    `${file} is not trusted: it is signed by a key that the trust policy does not have, ${stranger.signer.publicKey.id}; ` +
      "it needs 1 more release signature, by desk or backup",
  );
  expect(verification.status !== "signed" && verificationError(verification)).toMatchObject({
    code: "NOT_TRUSTED",
  });
});

it("ignores a stranger beside those who are trusted", async () => {
  expect(status(["{}", await signed(bundle, stranger), await signed(bundle, desk)])).toBe("signed");
});

it("does not take the signatures of another version", async () => {
  const older = packed({ version: "4.1.0" });
  expect(said([await signed(older, desk)])).toBe(
    `${file} is not trusted: desk signed @tradsys/risk-core 4.1.0 (${older.content}); ` +
      "it needs 1 more release signature, by desk or backup",
  );
});

it("does not add up signatures that are for different bundles", async () => {
  const rebuilt = packed({}, `${code}// rebuilt`);
  const envelopes = [await signed(bundle, desk), await signed(rebuilt, backup)];
  expect(status(envelopes, { policy: policy({ threshold: { release: 2 } }) })).toBe("untrusted");
  expect(said(envelopes)).toBe(`${file} is signed by desk (release)`);
});

it("names the file that was changed after signing", async () => {
  const released = [await signed(bundle, desk)];
  const swapped = [...bundle.files].map(([name, body]) =>
    entry(name, name === "dist/plugin.js" ? "evil" : body),
  );
  const verification = verify(released, { bytes: gzip(archive(...swapped)) });
  expect(verification).toEqual({
    status: "modified",
    file,
    differences: [{ kind: "changed", file: "dist/plugin.js", expected: sha256(code), found: sha256("evil") }],
  });
  expect(verification.status !== "signed" && verificationError(verification)).toMatchObject({
    code: "BUNDLE_MODIFIED",
    diagnostics: [{ location: { file } }],
  });
});

it("sees a bundle that was changed together with its own list of files", async () => {
  const evil = packed({}, "evil");
  expect(said([await signed(bundle, desk)], { bytes: evil.bytes })).toBe(
    `${file} was changed after it was signed: dist/plugin.js is changed, expected ${sha256(code)}, found ${sha256("evil")}; ` +
      `plugin.json is changed, expected ${digestIn(bundle, "plugin.json")}, found ${digestIn(evil, "plugin.json")}`,
  );
});

it("names a file that was added, or taken away, together with the list of files", async () => {
  const other = await packBundle(
    manifest(),
    new Map([
      ["dist/plugin.js", Buffer.from(code)],
      ["dist/more.js", Buffer.from("more")],
    ]),
  );
  expect(verify([await signed(bundle, desk)], { bytes: other.bytes })).toMatchObject({
    status: "modified",
    differences: [
      { kind: "missing", file: "LICENSES.txt", expected: sha256("none\n") },
      { kind: "extra", file: "dist/more.js", found: sha256("more") },
      { kind: "changed", file: "plugin.json" },
    ],
  });
});

it("names the archive where the files are those that were signed and only their digest is not", async () => {
  const dishonest = { ...bundle, content: sha256("another archive") };
  expect(said([await signed(dishonest, desk)])).toBe(
    `${file} was changed after it was signed: tradsys-risk-core-4.2.0.tar is changed, ` +
      `expected ${dishonest.content}, found ${bundle.content}`,
  );
});

it("tells a damaged download from a bundle that was signed malformed", async () => {
  const half = bundle.bytes.subarray(0, 500);
  expect(said([await signed(bundle, desk)], { bytes: half })).toBe(
    `${file} was changed after it was signed: ${file} is changed, expected ${bundle.blob}, found ${sha256(half)}`,
  );
  const verification = verify([await signed({ ...bundle, blob: sha256(half) }, desk)], { bytes: half });
  expect(describeVerification(verification)).toContain("is signed, but is not a bundle: ");
  expect(verification.status !== "signed" && verificationError(verification)).toMatchObject({
    code: "BUNDLE_INVALID",
  });
});

it("never trusts a bundle with a byte of its archive changed, wherever it is", async () => {
  const released = [await signed(bundle, desk)];
  const tar = archive(...[...bundle.files].map(([name, body]) => entry(name, body)));
  const statuses = new Set<string>();
  for (let i = 0; i < tar.length; i += 7) {
    const damaged = Buffer.from(tar);
    damaged[i] = (damaged[i] ?? 0) ^ 0x01;
    statuses.add(status(released, { bytes: gzip(damaged) }));
  }
  // With a letter of its name changed it is no longer the plugin that was signed.
  expect([...statuses].toSorted()).toEqual(["modified", "untrusted"]);
});

it("says that a signature is false, whatever in it was changed", async () => {
  const released = await signed(bundle, desk);
  const other = statementFor(packed({ version: "9.9.9" }), "release").toString("base64");
  const changed = tampered(released, ({ dsseEnvelope }) => (dsseEnvelope.payload = other));
  const verification = verify([changed]);
  expect(describeVerification(verification)).toBe(
    `${file} has no valid signature: the signature of desk does not verify`,
  );
  expect(verification.status !== "signed" && verificationError(verification)).toMatchObject({
    code: "ENVELOPE_INVALID",
  });

  const parsed = parseEnvelope(released);
  const signature = parsed.ok ? parsed.value.signature : Buffer.of();
  for (let i = 0; i < signature.length; i++) {
    const flipped = Buffer.from(signature);
    flipped[i] = (flipped[i] ?? 0) ^ 0x01;
    const sig = flipped.toString("base64");
    expect(status([tampered(released, ({ dsseEnvelope }) => (dsseEnvelope.signatures = [{ sig }]))])).toBe(
      "invalid",
    );
  }
  expect(said(["not an envelope"])).toContain(
    "has no valid signature: an envelope cannot be read: it does not have",
  );
});

it("does not take a payload that was signed as another type", async () => {
  const statement = statementFor(bundle, "release");
  expect(status([await envelopeOf(statement, desk)])).toBe("signed");
  expect(status([await envelopeOf(statement, desk, "application/json")])).toBe("invalid");
});

it("does not take a trusted signature under a statement about something else", async () => {
  const statement = statementFor(bundle, "release").toString();
  const odd = [
    "{}",
    "not json",
    statement.replace("Statement/v1", "Statement/v0.1"),
    statement.replace("attestation/release/v1", "attestation/release/v2"),
    statement.replace('"role":"release"', '"role":"builder"'),
    statement.replace('"role":"release"', '"role":"constructor"'),
    statement.replace("core-4.2.0.tar.gz", "core-4.2.1.tar.gz"),
    statement.replace('"subject":[', '"subject":[{"name":"x","digest":{"sha256":""}},'),
    statement.replace('"name":"dist/plugin.js"', '"name":"../plugin.js"'),
    statement.replace('"name":"dist/plugin.js"', '"name":"plugin.json"'),
    statement.replace('"kind":"risk-manager",', ""),
    statement.replace('"kind":"risk-manager"', '"kind":"toString"'),
    statement.replace(/"subject":\[\{.*?\},\{/, '"subject":[{'),
  ];
  expect(new Set(odd).has(statement)).toBe(false);
  for (const text of odd) expect(status([await envelopeOf(text, desk)])).toBe("invalid");
});

it("unpacks nothing before enough trusted keys have signed something", async () => {
  const noBundle = Buffer.from("not even a bundle");
  expect(status([await signed(bundle, stranger)], { bytes: noBundle })).toBe("untrusted");
  expect(status([await signed(bundle, desk, "risk")], { bytes: noBundle })).toBe("untrusted");
  expect(status([], { bytes: noBundle })).toBe("unsigned");
});
