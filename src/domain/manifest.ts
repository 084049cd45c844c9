import type { Json } from "./canonical.ts";
import type { Digest, PluginName } from "./ids.ts";

export const PLUGIN_API_VERSION = "tradsys/plugin/v1";

/** What a plugin is. The system that owns each kind follows from it: see `systemOf`. */
export type PluginKind =
  | "exchange-connector"
  | "risk-manager"
  | "risk-rule-engine"
  | "risk-limit"
  | "strategy"
  | "market-data-normaliser"
  | "indicator"
  | "calendar"
  | "adapter";

/** A group of kinds with one owner. */
export type System = "exchange" | "risk" | "strategy" | "data";

const SYSTEMS: Readonly<Record<PluginKind, System>> = {
  "exchange-connector": "exchange",
  "risk-manager": "risk",
  "risk-rule-engine": "risk",
  "risk-limit": "risk",
  strategy: "strategy",
  indicator: "strategy",
  "market-data-normaliser": "data",
  calendar: "data",
  adapter: "data",
};

export const systemOf = (kind: PluginKind): System => SYSTEMS[kind];

/** When a requirement must be ready: before the plugin's code is loaded, before the facet starts, or before it may act. */
export type When = "load" | "start" | "enable";

/** What a facet needs from others: a port, or a plugin by name. */
export type Requirement = { readonly port: string } | { readonly plugin: PluginName };

/** What a requirement is about, in one word. Plugins and ports are separate name spaces. */
export type Target = `plugin:${string}` | `port:${string}`;

export const targetOf = (requirement: Requirement): Target =>
  "port" in requirement ? `port:${requirement.port}` : `plugin:${requirement.plugin}`;

export type FacetRequirement = Requirement & {
  /** A semver range over the port's or the plugin's version, with npm's rules for pre-releases. */
  readonly range: string;
  readonly when: When;
  /** Not pulled in; but if something provides it, its version must fit. */
  readonly optional: boolean;
  /** `one` provider is chosen, or all that fit are bound. */
  readonly cardinality: "one" | "many";
};

/** A part of a plugin that starts on its own. */
export interface Facet {
  /** Port name to the version provided. */
  readonly provides: Readonly<Record<string, string>>;
  /** Those of the provided ports that nobody else in the set may provide. */
  readonly exclusive?: readonly string[];
  readonly requires: readonly FacetRequirement[];
}

export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly unit: string;
  readonly labels: readonly string[];
}

/** A test result that was recorded for one version. */
export interface Evidence {
  readonly type: "conformance" | "backtest" | "shadow";
  /** SHA-256 of the report. */
  readonly digest: Digest;
  readonly result: "passed" | "failed";
  /** Decisions that were compared with those of the version that runs, and how many of them differed. */
  readonly samples?: number;
  readonly disagreements?: number;
}

/** A plugin manifest with every default filled in: `plugin.yaml` after the door. Field meanings are in `schemas/plugin.schema.json`. */
export interface Manifest {
  readonly apiVersion: typeof PLUGIN_API_VERSION;
  readonly kind: PluginKind;
  readonly name: PluginName;
  /** An exact semantic version. */
  readonly version: string;
  readonly description: string;
  /** An SPDX expression. */
  readonly license: string;
  /** Source file that default-exports the plugin, relative to the manifest. */
  readonly entry: string;
  /** Range of host API versions that the plugin runs on. */
  readonly hostApi: string;
  /** Range of Node.js versions that the plugin runs on. */
  readonly node: string;
  readonly platforms: readonly string[];
  readonly facets: Readonly<Record<string, Facet>>;
  readonly conflicts: readonly { readonly plugin: PluginName; readonly range: string }[];
  readonly singleton: "host" | "venue" | "none";
  readonly multiVersion: boolean;
  readonly activation: "critical" | "background" | "lazy";
  readonly criticality: "critical" | "important" | "optional";
  /** What its failure to start means; follows from `criticality` where it is not said. */
  readonly onBootFailure?: "abort" | "degrade" | "skip";
  /** The weakest isolation that the plugin may run in; nothing is placed below it. */
  readonly isolation: "inline" | "worker" | "process";
  readonly resources: {
    readonly memoryMiB: number;
    readonly startTimeoutMs: number;
    readonly drainTimeoutMs: number;
    readonly stopTimeoutMs: number;
  };
  /** 0 to 100; lower starts first. */
  readonly priority: number;
  readonly permissions: {
    /** Hosts the plugin talks to, `host` or `host:port`. */
    readonly net: readonly string[];
    /** Names of the secrets it may ask for. */
    readonly secrets: readonly string[];
    readonly fs: readonly string[];
    readonly env: readonly string[];
    /** Node.js built-in modules beyond those without side effects, for example `worker_threads`. */
    readonly builtins: readonly string[];
    /** Bytes of its own storage. */
    readonly storageBytes?: number;
    /** It needs the value of its secrets, not only what is signed with them. */
    readonly reveal?: boolean;
  };
  readonly config: {
    /** JSON Schema of the plugin's own configuration. */
    readonly schema: { readonly [key: string]: Json };
    readonly defaults: { readonly [key: string]: Json };
  };
  readonly metrics: readonly Metric[];
  readonly state?: { readonly schemaVersion: number; readonly canRestoreFrom: string };
  /** The venue's own API that it speaks; days are UTC, `YYYY-MM-DD`. */
  readonly venueApi?: {
    readonly name: string;
    readonly version: string;
    readonly sunsetDate?: string;
    readonly docsUrl?: string;
  };
  readonly risk?: { readonly failMode: "closed" | "open-for-cancels" };
  /** Calendar plugin whose sessions it follows. */
  readonly calendar?: PluginName;
  /** Whether this version is a material change, which needs approval and evidence. */
  readonly changeClass?: "material" | "non-material";
  readonly evidence?: readonly Evidence[];
  /**
   * Raised when no release before this one may ever run again. A root that has run one refuses every lower one.
   * Absent: 0.
   */
  readonly releaseEpoch?: number;
  readonly hostProvided: readonly string[];
  readonly capabilities: { readonly [key: string]: Json };
}
