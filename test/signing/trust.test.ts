import { expect, it } from "vitest";

import type { PluginName } from "../../src/domain/ids.ts";
import type { TrustedKey, TrustPolicy } from "../../src/domain/trust.ts";
import {
  backup,
  bundle,
  ci,
  desk,
  file,
  key,
  officer,
  policy,
  said,
  signed,
  status,
  tampered,
  verify,
} from "./cast.ts";

it("wants signatures of every role that the policy names", async () => {
  const strict = policy({ threshold: { builder: 1, release: 1, risk: 1 } });
  const built = await signed(bundle, ci, "builder");
  const released = await signed(bundle, desk);
  const accepted = await signed(bundle, officer, "risk");
  expect(status([built, released, accepted], { policy: strict })).toBe("signed");
  expect(said([built, released], { policy: strict })).toBe(
    `${file} is not trusted: it needs 1 more risk signature, by officer`,
  );
  expect(status([built], { policy: strict })).toBe("untrusted");
});

it("counts keys, not signatures, names or hints", async () => {
  const two = policy({ threshold: { release: 2 } });
  const released = await signed(bundle, desk);
  expect(status([released, await signed(bundle, backup)], { policy: two })).toBe("signed");
  expect(status([released, released], { policy: two })).toBe("untrusted");
  const underOtherHint = tampered(released, ({ verificationMaterial }) => {
    verificationMaterial.publicKey.hint = backup.signer.publicKey.id;
  });
  expect(said([released, underOtherHint], { policy: two })).toBe(
    `${file} is not trusted: it needs 1 more release signature, by backup`,
  );
  const twoNames = policy({
    threshold: { release: 2 },
    keys: [key("desk", desk, { role: "release" }), key("desk too", desk, { role: "release" })],
  });
  expect(said([released, underOtherHint], { policy: twoNames })).toBe(
    `${file} is not trusted: it needs 1 more release signature, and the trust policy has no key that could give it`,
  );
});

it("does not let one key hold two roles", () => {
  const both = policy({ keys: [key("a", desk, { role: "release" }), key("b", desk, { role: "risk" })] });
  expect(() => verify([], { policy: both })).toThrow(
    expect.objectContaining({
      code: "KEY_INVALID",
      message: "trust policy: a and b are one key in two roles",
    }),
  );
});

it("does not take a signature in a role that the key does not have", async () => {
  expect(said([await signed(bundle, ci, "release")])).toContain(
    "the signature of ci does not count: it may not sign as release; it needs 1 more release signature, by desk or backup",
  );
  expect(status([await signed(bundle, desk, "risk")])).toBe("untrusted");
  expect(status([await signed(bundle, desk, "builder")])).toBe("untrusted");
});

it.each([
  ["2026-03-14T23:59:59Z", "untrusted"],
  ["2026-03-15T00:00:00Z", "signed"],
  ["2026-03-16T23:59:59Z", "signed"],
  ["2026-03-17T00:00:00Z", "untrusted"],
])("takes a key valid from 15 to 16 March at %s as %s", async (at, expected) => {
  const window = { role: "release", notBefore: "2026-03-15", notAfter: "2026-03-16" } as const;
  const dated = policy({ keys: [key("desk", desk, window)] });
  expect(status([await signed(bundle, desk)], { policy: dated, now: new Date(at) })).toBe(expected);
});

it("lets one key have two periods", async () => {
  const keys = [
    key("old", desk, { role: "release", notAfter: "2026-01-01" }),
    key("new", desk, { role: "release", notBefore: "2026-03-01" }),
  ];
  const released = [await signed(bundle, desk)];
  expect(said(released, { policy: policy({ keys }) })).toBe(`${file} is signed by new (release)`);
  expect(status(released, { policy: policy({ keys }), now: new Date("2026-02-01") })).toBe("untrusted");
});

it("does not count a revoked key, under whatever name", async () => {
  const revoked = { keys: [{ name: "desk", reason: "laptop stolen" }], digests: [] };
  const released = [await signed(bundle, desk)];
  expect(said(released, { policy: policy({ revoked }) })).toBe(
    `${file} is not trusted: the signature of desk does not count: it is revoked: laptop stolen; ` +
      "it needs 1 more release signature, by backup",
  );
  const renamed = [...policy().keys, key("desk again", desk, { role: "release" })];
  expect(status(released, { policy: policy({ revoked, keys: renamed }) })).toBe("untrusted");
});

it("revokes every key of a name", async () => {
  const keys = [desk, backup].map((holder) => key("desk", holder, { role: "release" }));
  const revoked = { keys: [{ name: "desk", reason: "laptop stolen" }], digests: [] };
  for (const holder of [desk, backup]) {
    expect(status([await signed(bundle, holder)], { policy: policy({ keys, revoked }) })).toBe("untrusted");
  }
});

it("does not trust a revoked bundle, by either digest", async () => {
  const released = [await signed(bundle, desk)];
  for (const digest of [bundle.content, bundle.blob]) {
    const revoked = { keys: [], digests: [{ digest, reason: "loses fills" }] };
    expect(said(released, { policy: policy({ revoked }) })).toBe(
      `${file} is not trusted: ${digest} is revoked: loses fills`,
    );
  }
});

it("refuses a policy in which something would silently have no effect", () => {
  const noSuchKey = { keys: [{ name: "dekk", reason: "stolen" }], digests: [] };
  expect(() => verify([], { policy: policy({ revoked: noSuchKey }) })).toThrow(
    "the revoked key dekk is not one",
  );
  const odd = policy({ keys: [key("desk", desk, { role: "release", notAfter: "2026-9-01" })] });
  expect(() => verify([], { policy: odd })).toThrow("desk: 2026-9-01 is not a date");
  const unreadable = policy({ keys: [{ name: "desk", role: "release", publicKey: "?" }] });
  expect(() => verify([], { policy: unreadable })).toThrow("desk is not an Ed25519 or P-256 public key");
});

it.each([[{}], [{ release: 0 }], [{ release: -1 }], [{ release: Number.NaN }]])(
  "trusts nothing under a policy that asks for nothing: %j",
  async (threshold) => {
    expect(said([await signed(bundle, desk)], { policy: policy({ threshold }) })).toBe(
      `${file} is not trusted: the trust policy asks for no signature`,
    );
  },
);

const limited = (limits: Pick<TrustedKey, "plugins" | "pattern">): TrustPolicy =>
  policy({ keys: [key("desk", desk, { role: "release", ...limits })] });
const core = "@tradsys/risk-core" as PluginName;

it("holds a key to the plugins it may sign", async () => {
  const released = [await signed(bundle, desk)];
  expect(status(released, { policy: limited({ plugins: [core] }) })).toBe("signed");
  expect(status(released, { policy: limited({ pattern: "@tradsys/" }) })).toBe("signed");
  expect(status(released, { policy: limited({ plugins: [], pattern: "@tradsys/risk-" }) })).toBe("signed");
  expect(said(released, { policy: limited({ plugins: ["@tradsys/risk" as PluginName] }) })).toContain(
    "it may not sign @tradsys/risk-core",
  );
  expect(status(released, { policy: limited({ plugins: ["@tradsys/*" as PluginName] }) })).toBe("untrusted");
  expect(status(released, { policy: limited({ pattern: "@tradsys/connector-" }) })).toBe("untrusted");
  expect(status(released, { policy: limited({ plugins: [] }) })).toBe("untrusted");
});

it("does not let a key sign another plugin under a name that it may sign", async () => {
  const other = { ...bundle, manifest: { ...bundle.manifest, name: "@acme/harmless" as PluginName } };
  const acmeOnly = limited({ pattern: "@acme/" });
  expect(said([await signed(other, desk)], { policy: acmeOnly })).toContain(
    `desk signed @acme/harmless 4.2.0 (${bundle.content})`,
  );
  expect(status([await signed(other, desk)], { policy: acmeOnly })).toBe("untrusted");
});
