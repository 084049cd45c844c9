import { portError } from "../plugin/errors.ts";

/** As much of a subscription as the runtime knows: what its events are is the port's affair. */
export interface Subscribed {
  readonly events: AsyncIterable<unknown>;
  close(): void;
}

/** Every other method of a port returns a promise; one that is named like this returns a `Subscription` at once. */
export const isSubscription = (method: string): boolean => method.startsWith("subscribe");

/** @throws {PortError} `CONTRACT_VIOLATION` for what is no subscription. */
export function asSubscription(value: unknown): Subscribed {
  if (isSubscribed(value)) return value;
  throw portError("CONTRACT_VIOLATION", "a method that subscribes did not return a subscription");
}

/**
 * A subscription whose provider has yet to start. Closed before that, it is never opened; where the provider does not
 * become ready, its reader is told why.
 */
export function subscribeOnce(ready: Promise<void>, open: () => unknown): Subscribed {
  const { promise: opened, resolve, reject } = Promise.withResolvers<Subscribed | undefined>();
  let provider: Subscribed | "awaited" | "unwanted" = "awaited";
  const close = (): void => {
    if (typeof provider === "object") return provider.close();
    provider = "unwanted";
    return resolve(undefined);
  };
  const openUnlessClosed = async (): Promise<void> => {
    await ready;
    if (provider === "awaited") resolve((provider = asSubscription(open())));
  };
  openUnlessClosed().catch(reject);
  // A reader is told; without one there is nobody to tell.
  opened.catch(() => undefined);

  async function* events(): AsyncGenerator<unknown, void, void> {
    try {
      const subscription = await opened;
      if (subscription) yield* subscription.events;
    } finally {
      close();
    }
  }
  return { events: events(), close };
}

function isSubscribed(value: unknown): value is Subscribed {
  if (typeof value !== "object" || value === null) return false;
  if (!("events" in value) || !("close" in value) || typeof value.close !== "function") return false;
  const { events } = value;
  return typeof events === "object" && events !== null && Symbol.asyncIterator in events;
}
