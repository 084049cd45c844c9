import type { Json } from "./canonical.ts";
import type { Host } from "./host.ts";
import type { Digest, FacetId, PluginName } from "./ids.ts";
import type { Manifest } from "./manifest.ts";
import type { TrustPolicy } from "./trust.ts";

export const PLAN_API_VERSION = "tradsys/plan/v1";
export const GENERATION_API_VERSION = "tradsys/generation/v1";

export interface GenerationPlugin {
  readonly name: PluginName;
  readonly version: string;
  readonly content: Digest;
  readonly blob: Digest;
  readonly envelopes: readonly Digest[];
  /** As in its manifest. */
  readonly releaseEpoch?: number;
  /** The configuration the plugin is given: its defaults with the deployment's overrides, already validated. */
  readonly config: { readonly [key: string]: Json };
  /** The weakest isolation that the deployment wants; the manifest's own holds where it is stronger. */
  readonly isolation?: Manifest["isolation"];
}

/** A facet to start, and what must be ready before it. */
export interface GenerationFacet {
  readonly id: FacetId;
  /** Facets that must be ready first, sorted. */
  readonly after: readonly FacetId[];
  /** Port name to the facets bound to it, sorted. */
  readonly ports: Readonly<Record<string, readonly FacetId[]>>;
}

/** One immutable set, complete in itself: the runtime decides nothing that is not written here. */
export interface Generation {
  readonly apiVersion: typeof GENERATION_API_VERSION;
  readonly deployment: string;
  readonly host: Host;
  /** Who must have signed the bundles; checked again at every start. */
  readonly trust: TrustPolicy;
  /** In name order. */
  readonly plugins: readonly GenerationPlugin[];
  /** In an order that respects `after`. */
  readonly facets: readonly GenerationFacet[];
}

/** What a plan does to one plugin. */
export type Change =
  | { readonly action: "add"; readonly plugin: PluginName; readonly to: string }
  | { readonly action: "remove"; readonly plugin: PluginName; readonly from: string }
  | {
      readonly action: "upgrade" | "downgrade" | "rebuild";
      readonly plugin: PluginName;
      readonly from: string;
      readonly to: string;
    }
  | { readonly action: "reconfigure" | "unchanged"; readonly plugin: PluginName; readonly to: string };

/** What activation will do. Activation reads nothing else to decide what to do. */
export interface Plan {
  readonly apiVersion: typeof PLAN_API_VERSION;
  /** Generation this plan starts from; null for the first. */
  readonly base: Digest | null;
  /** SHA-256 of the canonical form of `generation`. */
  readonly next: Digest;
  /** One for each plugin of either set, in name order. */
  readonly changes: readonly Change[];
  /** Start order; the facets inside one wave may start together. */
  readonly waves: readonly (readonly FacetId[])[];
  readonly generation: Generation;
}
