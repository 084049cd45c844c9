import type { Json } from "./canonical.ts";
import type { System } from "./manifest.ts";

export const PLATFORM_API_VERSION = "tradsys/platform/v1";

/**
 * What the host is told about the plugins in a scope. Every member is inherited from the scope around it
 * and may be overridden in the scopes inside.
 */
export interface Settings {
  /** Time that all plugins of the scope have together to become ready, in ms. */
  readonly warmUpTimeoutMs?: number;
  /** Time that one plugin of the scope has to become ready, in ms. Bounds what its manifest asks for. */
  readonly startTimeoutMs?: number;
  /** Memory that all plugins of the scope may use together, in MiB. */
  readonly memoryBudgetMiB?: number;
  /** Use at which someone is told, in MiB. */
  readonly memoryAlertMiB?: number;
  /** Time without use after which a plugin is unloaded, in ms. */
  readonly idleUnloadMs?: number;
  /** Work items that a queue of the scope holds. */
  readonly queueCapacity?: number;
  /** Work items at which a queue asks its producers to slow down. */
  readonly backpressureAt?: number;
  /** Which of two priorities goes first. Everywhere in this product it is the lower one. */
  readonly priorityOrder?: "lower-first" | "higher-first";
}

/** A level of the hierarchy: settings for the host, and configuration for the plugins that declare it. */
export interface ConfigLayer {
  readonly settings?: Settings;
  readonly config?: { readonly [key: string]: Json };
}

/** Some plugins of a deployment under one name. */
interface PluginGroup extends ConfigLayer {
  readonly plugins: readonly string[];
}

/** Configuration of a host and of the systems that run on it: `platform.yaml` after the door. */
export interface PlatformConfig extends ConfigLayer {
  readonly apiVersion: typeof PLATFORM_API_VERSION;
  readonly name: string;
  /** Where the host answers who asks how it stands; nowhere without it. */
  readonly admin?: string;
  /** Ports that the host itself provides, each with its exact version. */
  readonly ports?: Readonly<Record<string, string>>;
  readonly systems: Partial<Readonly<Record<System, ConfigLayer>>>;
  /** In the order in which they apply. */
  readonly groups: Readonly<Record<string, PluginGroup>>;
}
