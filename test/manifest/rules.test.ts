import * as fc from "fast-check";
import maxSatisfying from "semver/ranges/max-satisfying.js";
import { expect, it } from "vitest";

import type { Diagnostic } from "../../src/domain/diagnostic.ts";
import { diagnosePlugin, parsePlugin, parseTrust } from "../../src/manifest/parse.ts";
import { trustText } from "./gallery/trust.ts";
import { pluginText } from "./plugin-text.ts";

const told = ({ severity, code, pointer }: Diagnostic): string => `${severity} ${code} ${pointer}`;

/** Severity, code and pointer of all that is found. */
function found(text: string): readonly string[] {
  const parsed = parsePlugin(text, "plugin.yaml");
  return (parsed.ok ? parsed.value.warnings : parsed.error).map(told);
}

const appended = (text: string): readonly string[] => found(pluginText({ append: text }));

it("agrees with a search through versions on whether a range matches anything", () => {
  const versions = [0, 1, 2, 3, 4].flatMap((major) =>
    [0, 1, 2, 3].flatMap((minor) => [0, 1, 2, 3].map((patch) => `${major}.${minor}.${patch}`)),
  );
  const part = fc
    .tuple(fc.constantFrom("^", "~", ">=", "<=", "<", ">", "="), fc.nat(3), fc.nat(2), fc.nat(2))
    .map(([operator, ...numbers]) => `${operator}${numbers.join(".")}`);
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
      const range = parts.join(" ");
      const text = pluginText({ line: 12, text: `      - { port: market-data, range: "${range}" }` });
      const isRefused = found(text).includes("error RANGE_INVALID /facets/limit/requires/0/range");
      expect(isRefused).toBe(maxSatisfying(versions, range) === null);
    }),
  );
});

it.each([
  "api.example.com",
  "*.example.com",
  "127.0.0.1:18080",
  "localhost",
  "[::1]:443",
  "*",
  "a_b.example",
])("takes the host %s", (host) => {
  expect(appended(`permissions: { net: ["${host}"] }`).filter((one) => one.startsWith("error"))).toEqual([]);
});

it.each([
  "a.example:0",
  "a.example:65536",
  "-a.example",
  "a..example",
  "*.*",
  "[127.0.0.1]",
  "a b",
  "wss://a.example",
  "a.example/x",
  ":80",
  "a:b",
])("refuses the host %s", (host) => {
  expect(appended(`permissions: { net: ["${host}"] }`)).toEqual([
    "error PERMISSION_INVALID /permissions/net/0",
  ]);
});

it("names the grant that is wider, whatever the order and the letters' case", () => {
  const wider = "warning PERMISSION_BROAD /permissions/net/";
  expect(appended('permissions: { net: ["A.example:443", a.example] }')).toEqual([`${wider}0`]);
  expect(appended('permissions: { net: [a.example, "A.example"] }')).toEqual([`${wider}1`]);
  expect(appended('permissions: { net: ["*.example", "b.a.example:1"] }')).toEqual([`${wider}1`]);
  expect(appended('permissions: { net: ["a.example:1", "a.example:2"] }')).toEqual([]);
});

const requiring = (range: string): readonly string[] =>
  found(pluginText({ line: 12, text: `      - { port: risk-limit, range: ${range} }` }));

it("lets an adapter require another version of the port that it provides", () => {
  expect(requiring("^2")).toEqual([]);
  expect(requiring("^1")).toEqual(["warning PORT_OWN /facets/limit/requires/0/port"]);
});

it.each([
  ["tradsys_risk_check_seconds", "histogram", "seconds"],
  ["tradsys_risk_denied_total", "counter", "1"],
  ["tradsys_risk_read_bytes_total", "counter", "bytes"],
  ["tradsys_risk_read_bytes", "counter", "bytes"],
  ["tradsys_risk_used_ratio", "gauge", "1"],
  ["tradsys_risk_open_orders", "gauge", "orders"],
])("takes the metric %s, a %s in %s", (name, type, unit) => {
  expect(appended(`metrics: [{ name: ${name}, type: ${type}, unit: "${unit}" }]`)).toEqual([]);
});

it("lets any platform of Node.js pass", () => {
  expect(appended("platforms: [linux-x64, linux-arm64, darwin-arm64, win32-x64]")).toEqual([]);
});

async function withDefaults(defaults: string): Promise<readonly string[]> {
  const config = `config: { schema: { type: object, required: [a, b], properties: { a: { type: string }, b: { type: string } } }, defaults: ${defaults} }`;
  return (await diagnosePlugin(pluginText({ append: config }), "plugin.yaml")).map(told);
}

it("lets defaults be incomplete, and checks what there is of them", async () => {
  expect(await withDefaults("{}")).toEqual([]);
  expect(await withDefaults("{ a: x }")).toEqual([]);
  expect(await withDefaults("{ a: 1 }")).toEqual(["error CONFIG_INVALID /config/defaults/a"]);
});

const foundInTrust = (text: string): readonly string[] => {
  const parsed = parseTrust(text, "trust.yaml");
  return (parsed.ok ? parsed.value.warnings : parsed.error).map(({ code, pointer }) => `${code} ${pointer}`);
};

it("lets a key be valid for one day, and counts no revoked key", () => {
  expect(foundInTrust(trustText(9, "    notBefore: 2026-12-31"))).toEqual([]);
  expect(foundInTrust(trustText(12, "revoked: { keys: [{ name: ci-2026, reason: lost }] }"))).toEqual([
    "THRESHOLD_UNREACHABLE /threshold/builder",
  ]);
});
