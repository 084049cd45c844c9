import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { compileFunction } from "node:vm";

import { build } from "esbuild";

import type { Manifest } from "../../src/domain/manifest.ts";
import { parsePlugin } from "../../src/manifest/parse.ts";
import type {
  FacetHandle,
  Log,
  Metrics,
  OrderIntent,
  PluginDefinition,
  PortTypes,
} from "../../src/plugin/index.ts";
import { Home } from "../../src/runtime/context/cell.ts";
import { callScopeIn, limitedIn } from "../../src/runtime/context/current.ts";

const root = new URL("../../", import.meta.url);
const pathOf = (relative: string): string => new URL(relative, root).pathname;

export const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Takes any metric, and keeps none. */
const noMetrics: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ record() {} }),
};

/** A small limit purchase on an instrument of nobody's, changed as asked. */
export function limitOrder(change: Partial<OrderIntent> = {}): OrderIntent {
  const order = {
    clientOrderId: "c-1",
    instrument: "SIM:BTC/USDT",
    side: "buy",
    type: "limit",
    quantity: "1",
    price: "100",
    timeInForce: "GTC",
    reduceOnly: false,
  };
  return { ...order, ...change } as OrderIntent;
}

export async function readManifest(name: string): Promise<Manifest> {
  const file = pathOf(`manifests/plugins/${name}/plugin.yaml`);
  const parsed = parsePlugin(await readFile(file, "utf8"), file);
  if (!parsed.ok) throw new Error(`${file}: ${parsed.error.map((found) => found.message).join("; ")}`);
  return parsed.value.value;
}

interface Surroundings {
  readonly config?: Readonly<Record<string, unknown>>;
  /** The providers of each port, by facet. */
  readonly ports?: { readonly [Name in keyof PortTypes]?: Readonly<Record<string, PortTypes[Name]>> };
  /** Microseconds since the epoch. */
  readonly now?: () => number;
  readonly secrets?: Readonly<Record<string, string>>;
}

export interface RunningPlugin extends AsyncDisposable {
  /** A port of one of its facets. */
  port<Name extends keyof PortTypes>(name: Name): PortTypes[Name];
  /** The handle of one of its facets. */
  facet(name: string): FacetHandle;
}

/** Compiles a plugin of this repository, activates it with its own defaults and starts its facets in manifest order. */
export async function runPlugin(name: string, surroundings: Surroundings = {}): Promise<RunningPlugin> {
  const { config, ports = {}, now = () => Date.now() * 1000, secrets = {} } = surroundings;
  const manifest = await readManifest(name);
  const definition = evaluate(await compile(pathOf(`manifests/plugins/${name}/${manifest.entry}`)));
  const stopping = new AbortController();
  const home = new Home(manifest.name);
  const providers = <Name extends keyof PortTypes>(port: Name) =>
    Object.entries<PortTypes[Name]>(ports[port] ?? {}).map(([provider, value]) => ({
      provider,
      port: value,
    }));
  const handles = await definition.activate({
    plugin: { name: manifest.name, version: manifest.version },
    config: Object.freeze({ ...manifest.config.defaults, ...config }),
    log: quietLog,
    now,
    secret: (secret) => secrets[secret] ?? fail(`no secret ${secret}`),
    ports: {
      one: (port) => providers(port)[0]?.port ?? fail(`${port} is not bound`),
      all: providers,
    },
    metrics: noMetrics,
    scope: callScopeIn(home),
    limited: limitedIn(home),
    pin: () => () => undefined,
    signal: stopping.signal,
  });
  const facets: FacetHandle[] = Object.keys(manifest.facets).map(
    (facet) => handles[facet] ?? fail(`no handle for the facet ${facet}`),
  );
  const stop = async (): Promise<void> => {
    stopping.abort();
    for (const facet of facets.toReversed()) await facet.stop?.();
  };
  try {
    for (const facet of facets) await facet.start?.();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    facet: (facet) => handles[facet] ?? fail(`no facet ${facet}`),
    port: (port) => facets.map((facet) => facet.provides?.[port]).find(Boolean) ?? fail(`no port ${port}`),
    [Symbol.asyncDispose]: stop,
  };
}

const compiled = new Map<string, Promise<string>>();

/** One function-wrapper module, as the product's own build makes it, against the sources of `tradsys/plugin`. */
function compile(entry: string): Promise<string> {
  const known = compiled.get(entry) ?? bundle(entry);
  compiled.set(entry, known);
  return known;
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "node24",
    supported: { "dynamic-import": false },
    external: ["protobufjs", "http-proxy-agent"],
    alias: {
      "tradsys/plugin": pathOf("src/plugin/index.ts"),
      ccxt: pathOf("node_modules/ccxt"),
    },
  });
  return outputFiles[0]?.text ?? fail("nothing was compiled");
}

function evaluate(code: string): PluginDefinition {
  const module: { exports: { default?: PluginDefinition } } = { exports: {} };
  const wrapper = compileFunction(code, ["module", "exports", "require"]) as Wrapper;
  wrapper(module, module.exports, createRequire(import.meta.url));
  return module.exports.default ?? fail("the entry has no default export");
}

type Wrapper = (module: object, exports: object, require: NodeJS.Require) => void;

function fail(message: string): never {
  throw new Error(message);
}
