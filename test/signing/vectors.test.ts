import { createPublicKey, verify } from "node:crypto";

import { expect, it } from "vitest";

import { canonical } from "../../src/domain/canonical.ts";
import { preAuthEncoding } from "../../src/signing/dsse.ts";
import { readPublicKey, verifies } from "../../src/signing/keys.ts";
import { fixture, fixtureNames, noFixtures } from "./fixtures.ts";

interface Vectors {
  readonly testGroups: readonly {
    readonly publicKeyPem: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
}

it.skipIf(noFixtures).each([
  ["ed25519_test.json", 151],
  ["ecdsa_secp256r1_sha256_test.json", 484],
])("agrees with every Project Wycheproof vector of %s (skipped where they are absent)", (name, count) => {
  const { testGroups } = JSON.parse(fixture(`wycheproof/${name}`).toString()) as Vectors;
  const verdicts = testGroups.flatMap(({ publicKeyPem, tests }) => {
    const key = readPublicKey(publicKeyPem);
    return tests.map(({ tcId, msg, sig, result }) => ({
      tcId,
      result,
      verdict: verifies(key, Buffer.from(msg, "hex"), Buffer.from(sig, "hex")) ? "valid" : "invalid",
    }));
  });
  expect(verdicts).toHaveLength(count);
  expect(verdicts.filter(({ result, verdict }) => result !== verdict)).toEqual([]);
});

it.skipIf(noFixtures)(
  "takes no signature in the raw form of IEEE P1363 (skipped where its vectors are absent)",
  () => {
    const { testGroups } = JSON.parse(
      fixture("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json").toString(),
    ) as Vectors;
    const right = testGroups.flatMap(({ publicKeyPem, tests }) =>
      tests.filter(({ result }) => result === "valid").map((each) => ({ ...each, publicKeyPem })),
    );
    expect(right.length).toBeGreaterThan(100);
    const taken = right.filter(({ publicKeyPem, msg, sig }) =>
      verifies(readPublicKey(publicKeyPem), Buffer.from(msg, "hex"), Buffer.from(sig, "hex")),
    );
    expect(taken).toEqual([]);
  },
);

it.skipIf(noFixtures)("encodes and verifies the published DSSE example (skipped where it is absent)", () => {
  const text = fixture("dsse/test-vectors-from-protocol.md").toString();
  const encoded = preAuthEncoding("http://example.com/HelloWorld", Buffer.from("hello world"));
  expect(text).toContain(`\n${encoded.toString()}\n`);

  const coordinate = (name: string): string => {
    const digits = new RegExp(`^${name}: (\\d+)$`, "m").exec(text)?.[1] ?? "";
    return Buffer.from(BigInt(digits).toString(16).padStart(64, "0"), "hex").toString("base64url");
  };
  const key = createPublicKey({
    key: { kty: "EC", crv: "P-256", x: coordinate("X"), y: coordinate("Y") },
    format: "jwk",
  });
  const signature = Buffer.from(/"sig": "([^"]+)"/.exec(text)?.[1] ?? "", "base64");
  expect(verify("sha256", encoded, { key, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
});

it("counts bytes, not characters, before each part", () => {
  expect(preAuthEncoding("tÿpe", Buffer.from("é")).toString()).toBe("DSSEv1 5 tÿpe 2 é");
});

it.skipIf(noFixtures).each(fixtureNames("jcs/input/"))(
  "puts %s into the form that RFC 8785's author published (skipped where it is absent)",
  (name) => {
    const value: unknown = JSON.parse(fixture(`jcs/input/${name}`).toString());
    expect(canonical(value)).toBe(fixture(`jcs/output/${name}`).toString());
  },
);
