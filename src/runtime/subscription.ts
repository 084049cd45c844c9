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

type Reader = PromiseWithResolvers<IteratorResult<unknown, undefined>>;

/**
 * A subscription that outlives its provider's instance: it can be moved to another one that has taken over. For one
 * reader.
 */
export class MovableSubscription implements Subscribed, AsyncIterableIterator<unknown, undefined, undefined> {
  /** Told once, when it ends in whatever way. */
  onEnd: () => void = () => undefined;
  #provider: Subscribed;
  #source: AsyncIterator<unknown>;
  #reader: Reader | undefined;
  /** Number of the last event, where events are numbered, and what is added to those of this provider. */
  #lastSeq = -1;
  #offset = 0;
  #isEnded = false;
  #isClosed = false;

  constructor(provider: Subscribed) {
    this.#provider = provider;
    this.#source = provider.events[Symbol.asyncIterator]();
  }

  get events(): this {
    return this;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Reads on from another provider. The one before is read until that has an event, or until `cut`. What it had and
   * was not read by then is left: the first event of a subscription tells all that holds.
   */
  async move(open: () => unknown, cut: Promise<unknown>): Promise<void> {
    if (this.#isEnded) return;
    const provider = asSubscription(open());
    const source = provider.events[Symbol.asyncIterator]();
    const first = source.next();
    // Its reader is told, once there is one.
    first.catch(() => undefined);
    await Promise.race([first.catch(() => undefined), cut]);
    if (this.#isEnded) return provider.close();
    const before = this.#provider;
    this.#provider = provider;
    this.#source = startingWith(first, source);
    this.#offset = this.#lastSeq + 1;
    if (this.#reader) this.#pull();
    before.close();
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    this.#reader = Promise.withResolvers();
    const { promise } = this.#reader;
    this.#pull();
    return promise;
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.close();
    return { value: undefined, done: true };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#end();
    this.#provider.close();
    // A generator that waits for its next turn gives back what it took.
    this.#source.return?.().catch(() => undefined);
  }

  #pull(): void {
    const source = this.#source;
    void source.next().then(
      (result) => this.#deliver(source, (reader) => reader.resolve(this.#read(result))),
      (error: unknown) => this.#deliver(source, (reader) => this.#fail(reader, error)),
    );
  }

  /** What a provider still says after another has taken over is nobody's. */
  #deliver(source: AsyncIterator<unknown>, say: (reader: Reader) => void): void {
    const reader = this.#reader;
    if (source !== this.#source || !reader) return;
    this.#reader = undefined;
    say(reader);
  }

  #read({ done, value }: IteratorResult<unknown>): IteratorResult<unknown, undefined> {
    if (done !== true) return { value: this.#number(value), done: false };
    this.#end();
    return { value: undefined, done: true };
  }

  #fail(reader: Reader, error: unknown): void {
    this.#end();
    reader.reject(error);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.onEnd();
  }

  /** Every provider counts from 0; for the reader it is one subscription, in which numbers only grow. */
  #number(event: unknown): unknown {
    if (typeof event !== "object" || event === null || !("seq" in event) || typeof event.seq !== "number")
      return event;
    this.#lastSeq = event.seq + this.#offset;
    return this.#offset === 0 ? event : { ...event, seq: this.#lastSeq };
  }
}

/** An iterator whose first step has been taken. */
function startingWith(
  first: Promise<IteratorResult<unknown>>,
  rest: AsyncIterator<unknown>,
): AsyncIterator<unknown> {
  let taken: typeof first | undefined = first;
  return {
    next() {
      const step = taken ?? rest.next();
      taken = undefined;
      return step;
    },
    return: async () => (await rest.return?.()) ?? { value: undefined, done: true },
  };
}

function isSubscribed(value: unknown): value is Subscribed {
  if (typeof value !== "object" || value === null) return false;
  if (!("events" in value) || !("close" in value) || typeof value.close !== "function") return false;
  const { events } = value;
  return typeof events === "object" && events !== null && Symbol.asyncIterator in events;
}
