import { gunzipSync } from "node:zlib";

import { expect, it } from "vitest";

import { canonical } from "../../src/domain/canonical.ts";
import { sha256 } from "../../src/domain/digest.ts";
import type { TrustPolicy } from "../../src/domain/trust.ts";
import { code, gzip, packed } from "../bundle/sample.ts";
import { archive, entry } from "../bundle/tar.ts";
import { backup, bundle, ci, desk, key, policy, said, signed, status, verify } from "../signing/cast.ts";

const evil = code.replace("activate", "attack__");

/** The bundle with a file replaced; `plugin.json` still lists the old one. */
const withFile = (name: string, text: string): Buffer =>
  gzip(archive(...[...bundle.files].map(([each, body]) => entry(each, each === name ? text : body))));

it("threat 1: no byte of a signed bundle can be changed, whatever it belongs to", async () => {
  const envelopes = [await signed(bundle, desk)];
  const { bytes } = bundle;
  const outcomes = Array.from(bytes.keys(), (at) => {
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (at % 8)), at);
    const found = verify(envelopes, { bytes: flipped });
    return found.status === "signed" ? found.bundle.content : found.status;
  });
  expect(new Set(outcomes)).toEqual(new Set(["modified", bundle.content]));
  // A few bits of deflate say nothing, such as those that fill its last byte: with them it is the same bundle.
  expect(outcomes.filter((outcome) => outcome === bundle.content).length).toBeLessThan(5);
});

it("threat 1: no part of its archive can be changed and packed anew", async () => {
  const envelopes = [await signed(bundle, desk)];
  const tar = gunzipSync(bundle.bytes);
  for (let at = 0; at < tar.length; at += 7) {
    const flipped = Buffer.from(tar);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (at % 8)), at);
    // With another name or version in it, it is a bundle that nobody signed.
    expect(["modified", "untrusted"], `byte ${at}`).toContain(status(envelopes, { bytes: gzip(flipped) }));
  }
});

it("threat 1: the file that was changed is named, with both digests", async () => {
  const envelopes = [await signed(bundle, desk)];
  expect(said(envelopes, { bytes: withFile("dist/plugin.js", evil) })).toContain(
    `dist/plugin.js is changed, expected ${sha256(code)}, found ${sha256(evil)}`,
  );
  // Also where `plugin.json` was changed to match: whoever signed named every file.
  const other = packed({}, evil);
  expect(said(envelopes, { bytes: other.bytes })).toContain(
    `dist/plugin.js is changed, expected ${sha256(code)}, found ${sha256(evil)}; plugin.json is changed`,
  );
});

it("threat 17: a trust policy can draw the limits tighter", async () => {
  const envelopes = [await signed(bundle, desk)];
  const within = (limits: TrustPolicy["limits"] & {}): string =>
    said(envelopes, { policy: policy({ limits }) });
  const { length } = gunzipSync(bundle.bytes);
  expect(within({ unpackedBytes: length, files: 3 })).toContain("is signed by desk");
  expect(within({ unpackedBytes: length - 1 })).toContain(
    `it unpacks to ${length} bytes, the limit is ${length - 1}`,
  );
  expect(within({ packedBytes: 100 })).toContain("the limit is 100");
  expect(within({ files: 2 })).toContain("it holds more than 2 files");
  expect(within({ ratio: 1 })).toContain("it unpacks to");
});

it("threat 24: two builders must have made the same bundle; a machine that makes another one is found out", async () => {
  const twoBuilders = policy({
    keys: [key("ci", ci, { role: "builder" }), key("backup", backup, { role: "builder" })],
    threshold: { builder: 2 },
  });
  const first = await signed(bundle, ci, "builder");
  const second = await signed(packed(), backup, "builder");
  expect(status([first, second], { policy: twoBuilders })).toBe("signed");

  const trojan = packed({}, evil);
  const envelopes = [first, await signed(trojan, backup, "builder")];
  for (const { bytes } of [bundle, trojan]) {
    expect(status(envelopes, { policy: twoBuilders, bytes })).toBe("untrusted");
  }
  expect(said(envelopes, { policy: twoBuilders })).toContain(
    `backup signed @tradsys/risk-core 4.2.0 (${trojan.content}); it needs 1 more builder signature, by backup`,
  );
  expect(canonical(trojan.manifest)).not.toBe(canonical(bundle.manifest));
});
