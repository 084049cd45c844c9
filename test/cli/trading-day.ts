/** A desk with three venues and one risk core, built, signed and published by the real commands from small sources. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { repository } from "../support/command.ts";
import { all } from "../support/desk.ts";

type Fields = Readonly<Record<string, unknown>>;
type Need = Readonly<Record<string, unknown>>;

const on = (plugin: string, range: string, more: Fields = {}): Need => ({
  plugin: `@tradsys/${plugin}`,
  range,
  ...more,
});
const from = (port: string, range: string, more: Fields = {}): Need => ({ port, range, ...more });
const MANY = { cardinality: "many" };

const digest = `sha256:${"0".repeat(64)}`;
const shadow = (samples: number, disagreements: number): Fields => ({
  evidence: [
    { type: "shadow", digest, result: disagreements === 0 ? "passed" : "failed", samples, disagreements },
  ],
});

const connector = (normaliser: string, more: Fields = {}, ...others: Need[]): Fields => ({
  kind: "exchange-connector",
  facets: {
    account: { provides: { account: "1.2.0" } },
    "market-data": {
      provides: { "market-data": "2.1.0" },
      requires: [on("md-normaliser", normaliser), ...others],
    },
    "order-entry": {
      provides: { "order-entry": "2.0.0" },
      requires: [from("account", "^1"), from("risk-pretrade", "^1.2", { when: "enable" })],
    },
  },
  ...more,
});

const riskCore = (normaliser: string, rules: string, more: Fields): Fields => ({
  kind: "risk-manager",
  facets: {
    main: {
      provides: { "risk-pretrade": "1.3.0" },
      requires: [
        on("md-normaliser", normaliser),
        on("risk-rules-pretrade", rules),
        from("market-data", "^2", MANY),
        from("account", "^1", MANY),
        from("risk-limit", "^1", { ...MANY, when: "load" }),
      ],
    },
  },
  ...more,
});

const limit = (...requires: Need[]): Fields => ({
  kind: "risk-limit",
  facets: { main: { provides: { "risk-limit": "1.1.0" }, requires } },
});

const week = (open: string, close: string) => [{ days: ["mon", "tue", "wed", "thu", "fri"], open, close }];
const calendar = (exceptions: readonly Fields[]): Fields => ({
  kind: "calendar",
  changeClass: "non-material",
  capabilities: {
    calendars: {
      ADX: { zone: "Asia/Dubai", sessions: week("10:00", "15:00"), exceptions },
      LSE: { zone: "Europe/London", sessions: week("08:00", "16:30") },
    },
  },
});
const RAMADAN = { name: "Ramadan", from: "2026-02-18", to: "2026-03-19", sessions: week("10:00", "14:00") };

const normaliser = (version: string): Fields => ({
  kind: "market-data-normaliser",
  singleton: "host",
  facets: { main: { provides: { "md-normalise": version } } },
});
const ADX = { calendar: "@tradsys/calendar-mena", capabilities: { calendar: "ADX" } };
const state = (canRestoreFrom: string): Fields => ({ state: { schemaVersion: 1, canRestoreFrom } });

/** Every version that the store is to hold, by its folder. */
const RELEASES: Readonly<Record<string, Fields>> = {
  "md-normaliser 1.9.1": normaliser("1.9.0"),
  "md-normaliser 2.0.0": { ...normaliser("2.0.0"), ...shadow(240, 0) },
  "connector-binance 2.3.0": connector("^1.8"),
  "connector-binance 2.4.0": connector("^1.8 || ^2"),
  "connector-binance 3.0.0": connector("^2", shadow(240, 0)),
  "connector-kraken 1.6.2": connector("^1.8"),
  "connector-kraken 1.7.0": connector("^2", shadow(240, 0)),
  "connector-adx 1.2.0": connector("^1.8 || ^2", ADX, on("calendar-mena", "^2026", { when: "load" })),
  "risk-core 4.1.0": riskCore("^1.8", "^2.2", state(">=4 <=5.0.0")),
  "risk-core 4.2.0": riskCore("^1.8", "^2.2", state(">=4 <=5.0.0")),
  "risk-core 5.0.0": riskCore("^2", "^2.3", { ...state(">=4 <=5.0.0"), ...shadow(212, 1) }),
  "risk-rules-pretrade 2.2.0": { facets: { main: {} } },
  "risk-rules-pretrade 2.3.0": { facets: { main: {} } },
  "limit-position 1.3.0": limit(),
  "limit-daily-loss 1.0.4": limit(),
  "limit-order-rate 1.1.0": limit(),
  "calendar-mena 2026.2.0": calendar([]),
  "calendar-mena 2026.3.0": calendar([RAMADAN]),
  "codec 7.5.3": { multiVersion: true, facets: { main: {} } },
  "codec 8.0.0": { multiVersion: true, facets: { main: {} } },
  "desk-old 1.0.0": { facets: { main: { requires: [on("codec", "^7.5")] } } },
  "desk-new 1.0.0": { facets: { main: { requires: [on("codec", "^8")] } } },
};

/** A limit that reads the risk core before its code is loaded, which itself loads after every limit. */
export const CYCLIC = { "limit-daily-loss 1.0.3": limit(on("risk-core", "^4", { when: "load" })) };

/** A risk core that reads the state of those before it, and writes one that they cannot read. */
export const ONE_WAY = {
  "risk-core 5.1.0": riskCore("^2", "^2.3", { ...state(">=4"), ...shadow(300, 0) }),
};

/** Builds, signs and publishes releases with keys that lie in the folder. */
export async function release(folder: string, releases: Readonly<Record<string, Fields>>): Promise<void> {
  const names = Object.keys(releases).map((id) => id.replace(" ", "-"));
  for (const [id, fields] of Object.entries(releases)) {
    const [name = "", version = ""] = id.split(" ");
    const plugin = join(folder, "plugins", `${name}-${version}`);
    const { facets = { main: {} } } = fields as { facets?: Fields };
    await mkdir(plugin, { recursive: true });
    await writeFile(
      join(plugin, "index.ts"),
      `import { definePlugin } from "tradsys/plugin";
const handles: Record<string, object> = ${JSON.stringify(Object.fromEntries(Object.keys(facets).map((facet) => [facet, {}])))};
export default definePlugin({ activate: () => handles as never });
`,
    );
    const manifest = {
      apiVersion: "tradsys/plugin/v1",
      kind: "strategy",
      name: `@tradsys/${name}`,
      version,
      license: "Apache-2.0",
      entry: "index.ts",
      hostApi: "^3.0.0",
      node: ">=24.15",
      resources: { startTimeoutMs: 2000, drainTimeoutMs: 1000, stopTimeoutMs: 1000 },
      ...fields,
      facets,
    };
    await writeFile(join(plugin, "plugin.yaml"), JSON.stringify(manifest, undefined, 2));
  }
  const bundles = names.map((name) => `bundles/tradsys-${name}.tar.gz`).join(" ");
  await all(folder, [
    `build ${names.map((name) => `plugins/${name}`).join(" ")} --out bundles --no-typecheck`,
    `sign ${bundles} --key keys/ci.key`,
    `publish ${bundles}`,
  ]);
}

/** A folder with keys, a trust policy and a store that holds every release. */
export async function publishAll(folder: string): Promise<void> {
  await mkdir(join(folder, "node_modules"));
  await symlink(repository, join(folder, "node_modules/tradsys"));
  await all(folder, [
    "keys generate ci --trust trust.yaml",
    "keys generate officer --role risk --trust trust.yaml",
  ]);
  await release(folder, RELEASES);
}

/** How the desk may be changed. */
export const POLICY = {
  sessions: { beforeOpenMs: 1_800_000, afterCloseMs: 900_000 },
  material: { approvals: [{ role: "risk", count: 1 }], shadow: { samples: 200, disagreements: 0 } },
  canary: { instruments: 1, orders: 20, orderValue: "1000 USDT", venues: ["BINANCE"], forMs: 600_000 },
};

/** With evidence of a shadow run for whatever is material. */
export const PROVEN_POLICY = { ...POLICY, material: { ...POLICY.material, evidence: ["shadow"] } };

/** Writes `desk.yaml`, with the lock that an earlier one may have left. */
export const deploy = (
  folder: string,
  ranges: Readonly<Record<string, string>>,
  policy: Fields | undefined = POLICY,
): Promise<void> =>
  writeFile(
    join(folder, "desk.yaml"),
    JSON.stringify({
      apiVersion: "tradsys/deployment/v1",
      name: "desk",
      trust: "trust.yaml",
      plugins: Object.entries(ranges).map(([name, range]) => ({ name: `@tradsys/${name}`, range })),
      ...(policy && { policy }),
    }),
  );
