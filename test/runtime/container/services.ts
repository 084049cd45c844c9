import type { Layout, Place } from "../../../src/runtime/container/layout.ts";
import type { Service } from "../../../src/runtime/container/service.ts";
import { pluginName } from "../../support/root.ts";

/** A service of a test: it knows what it is and what it was made of. */
export interface Named {
  readonly port: string;
  readonly owner: string;
  readonly needs: readonly Named[];
}

export const named = (port: string, owner: string, needs: readonly Named[]): Named => ({
  port,
  owner,
  needs,
});

/** A service of the host, one for the platform. */
export function service(port: string, changes: Partial<Service> = {}): Service {
  const { owner = "the host" } = changes;
  return {
    port,
    version: "1.0.0",
    owner,
    per: "platform",
    make: (...needs: readonly Named[]) => named(port, owner, needs),
    ...changes,
  };
}

/** Two systems with two plugins each. */
export const PLACES: readonly Place[] = [
  {},
  { system: "risk" },
  { system: "exchange" },
  { system: "risk", plugin: pluginName("limits") },
  { system: "risk", plugin: pluginName("rules") },
  { system: "exchange", plugin: pluginName("venue") },
  { system: "exchange", plugin: pluginName("feed") },
];

export const layoutOf = (
  services: readonly Service[],
  { host, requirements = [] }: Partial<Pick<Layout, "host" | "requirements">> = {},
): Layout => ({
  services,
  places: PLACES,
  requirements,
  host,
});
