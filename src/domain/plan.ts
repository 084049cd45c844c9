import type { Json } from "./canonical.ts";
import type { Host } from "./host.ts";
import type { Digest, FacetId, InstanceName, PluginName } from "./ids.ts";
import type { Evidence, Manifest, System } from "./manifest.ts";
import type { ApprovalRule, CanaryLimits, DeploymentPolicy, DrainPolicy } from "./policy.ts";
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
  /** Time without use after which a lazy plugin is unloaded, in ms. Absent: never. */
  readonly idleUnloadMs?: number;
}

/** What a deployment gives a plugin beyond its version. */
export type Given = Pick<GenerationPlugin, "config" | "isolation" | "idleUnloadMs">;

/** Memory that plugins may use together, in MiB. What is absent has no limit. */
export interface MemoryBudget {
  readonly platformMiB?: number;
  readonly systemsMiB?: Partial<Readonly<Record<System, number>>>;
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
  /** When and how this set may be changed: while it is active, whatever the next one says. */
  readonly policy?: DeploymentPolicy;
  /** As the platform configuration says. */
  readonly memory?: MemoryBudget;
  /** Where the host answers who asks how it stands, as the platform configuration says. */
  readonly admin?: string;
  /** In name, then version order: a plugin may be there in several versions. */
  readonly plugins: readonly GenerationPlugin[];
  /** In an order that respects `after`. */
  readonly facets: readonly GenerationFacet[];
}

/** What a plan does to one plugin. */
export type Change =
  | { readonly action: "add"; readonly plugin: InstanceName; readonly to: string }
  | { readonly action: "remove"; readonly plugin: InstanceName; readonly from: string }
  | {
      readonly action: "upgrade" | "downgrade" | "rebuild";
      readonly plugin: InstanceName;
      readonly from: string;
      readonly to: string;
      /** What keeps it from being undone, or from keeping its state. Absent where nothing does. */
      readonly state?: "one-way" | "lost";
    }
  | {
      readonly action: "reconfigure" | "rebind" | "unchanged";
      readonly plugin: InstanceName;
      readonly to: string;
    };

/** A plugin as it stands before or after a step. */
export interface StepVersion {
  readonly version: string;
  readonly content: Digest;
}

/**
 * One thing that activation does. `replace` stops a plugin's facets and starts those of its successor under
 * ports that stay bound; `rebind` gives a running facet other providers.
 */
export interface Step {
  readonly action: "start" | "stop" | "replace" | "rebind";
  readonly plugin: InstanceName;
  readonly from?: StepVersion;
  readonly to?: StepVersion;
  /** Facets to stop, in order: the reverse of the order in which they started. */
  readonly stop: readonly FacetId[];
  /** Facets that must be ready when the wave ends, in start order. */
  readonly start: readonly FacetId[];
  /** Present where running facets stop. */
  readonly drain?: DrainPolicy;
  /** Its state cannot be given back to the version before. */
  readonly oneWay?: true;
}

/** Steps that only work together, in one switch. Most groups have one. */
export interface StepGroup {
  readonly steps: readonly Step[];
  /** Why they cannot be taken one by one: each member stands in the way of the next. */
  readonly because?: readonly string[];
}

/**
 * What may happen at once, in any order. It is done when all it started is ready; until then the next must not
 * begin, and it can be undone by taking its steps back in reverse.
 */
export interface Wave {
  readonly groups: readonly StepGroup[];
  /** Facets that run in this wave and must not act in it, since what they need to be enabled is not there yet. */
  readonly held: readonly FacetId[];
  /** Memory that is declared by all that runs at the wave's peak, in MiB. */
  readonly memoryMiB: number;
  /** Expected time, in ms. */
  readonly estimateMs: number;
}

/** How the way was cleared where one plugin at a time was impossible. */
export type Relaxation =
  | {
      readonly kind: "held";
      readonly facet: FacetId;
      readonly requirement: string;
      readonly provider: FacetId;
    }
  | { readonly kind: "side-by-side"; readonly plugin: InstanceName }
  | {
      readonly kind: "adapter";
      readonly adapter: FacetId;
      readonly facet: FacetId;
      readonly requirement: string;
      readonly provider: FacetId;
    };

/** How the generation starts from nothing; it stops in exactly the reverse order. */
export interface StartOrder {
  readonly waves: readonly (readonly FacetId[])[];
  /** Time that each facet takes to become ready, in ms: as measured, or else as its manifest allows. */
  readonly estimatesMs: Readonly<Record<FacetId, number>>;
  /** The chain of facets that the start cannot be faster than. */
  readonly criticalPath: readonly FacetId[];
  readonly criticalPathMs: number;
}

/** Evidence that a plan does without, on somebody's word. */
export interface AcceptedEvidence {
  readonly plugin: PluginName;
  readonly type: Evidence["type"];
  readonly reason: string;
}

/** What must hold when the plan is applied. What the policies in force ask for holds in any case. */
export interface PlanPolicy {
  /** When it may be applied: instants, ISO 8601 in UTC; null where there is no bound. */
  readonly window: {
    readonly notBefore: string | null;
    /** Latest start that leaves the time that the waves are expected to take. */
    readonly startBy: string | null;
    readonly doneBy: string | null;
  };
  /** Why it is applied outside of the window; the journal keeps it. */
  readonly emergency?: string;
  /** Plugins whose change is material. */
  readonly material: readonly PluginName[];
  /** What else of the generation changes that decides what may run and who may change it; material, too. */
  readonly rules?: readonly ("trust" | "policy" | "memory")[];
  /** Evidence that is asked for and does without; whoever approves the plan accepts that. */
  readonly accepted?: readonly AcceptedEvidence[];
  readonly approvals: readonly ApprovalRule[];
  /** How many different people must approve, whatever their roles. */
  readonly approvers: number;
  readonly canary?: CanaryLimits;
}

/** What activation will do. Activation reads nothing else to decide what to do. */
export interface Plan {
  readonly apiVersion: typeof PLAN_API_VERSION;
  /** Generation this plan starts from; null for the first. */
  readonly base: Digest | null;
  /** SHA-256 of the canonical form of `generation`. */
  readonly next: Digest;
  /** Who made it; whoever approves it must be another. */
  readonly author: string;
  /** One for each plugin of either set, in name order; for each version where several stand side by side. */
  readonly changes: readonly Change[];
  /** The way from base to next. After each wave, and between any two groups of one, every requirement is met. */
  readonly waves: readonly Wave[];
  readonly relaxed: readonly Relaxation[];
  /** Adapters that are there only for some waves. */
  readonly adapters: readonly GenerationPlugin[];
  readonly start: StartOrder;
  readonly policy: PlanPolicy;
  readonly generation: Generation;
}
