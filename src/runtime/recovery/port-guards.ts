import { setTimeout } from "node:timers/promises";

import type { PortGuard } from "../ports.ts";
import type { EventChannel } from "../supervision/events.ts";
import { guardPort, type PortPolicy } from "./guard-port.ts";

/** Policies by port, for every user of it. What has none costs nothing. */
export type PortPolicies = Readonly<Record<string, PortPolicy>>;

/** Guards the ports that have a policy, and tells on the channel what each guard does on its own. */
export function portGuards(policies: PortPolicies, events: EventChannel): PortGuard {
  const known = new Map(Object.entries(policies));
  return (offered, { user, provider, port }) => {
    const policy = known.get(port);
    if (!policy) return offered;
    return guardPort(offered, policy, {
      port,
      provider,
      now: () => performance.now(),
      random: Math.random,
      sleep: async (ms) => setTimeout(ms),
      tell: (notice) => events.tell({ event: "guard", notice, user, provider, port }),
    });
  };
}
