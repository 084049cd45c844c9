import type { Runtime } from "../../../src/runtime/index.ts";
import type { Subscribed } from "../../../src/runtime/subscription.ts";

/** A port of a test, with whatever methods its plugin has. */
type TestPort = Readonly<Record<string, ((...args: unknown[]) => unknown) | undefined>>;

/** Uses plugins by name: calls a method of their port, or reads a subscription. */
export interface Asking {
  readonly ask: (name: string, method: string, ...args: readonly unknown[]) => Promise<unknown>;
  readonly eventsOf: (name: string, ...args: readonly unknown[]) => AsyncIterable<unknown>;
}

/** Finds the ports that plugins of tests provide. */
export function portsOf({ ports }: Pick<Runtime, "ports">): Asking {
  const portOf = (name: string): TestPort => {
    const found = ports.all("account").find(({ provider }) => provider === `@acme/${name}#main`);
    if (!found) throw new Error(`nothing provides account as ${name}`);
    return found.port as unknown as TestPort;
  };
  return {
    ask: async (name, method, ...args) => portOf(name)[method]?.(...args),
    eventsOf: (name, ...args) => {
      const subscribed = portOf(name)["subscribe"]?.(...args) as Subscribed | undefined;
      if (!subscribed) throw new Error(`${name} cannot be subscribed to`);
      return subscribed.events;
    },
  };
}
