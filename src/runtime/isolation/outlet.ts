import { portError } from "../../plugin/errors.ts";
import { WINDOW } from "./wire.ts";

/** As much of a subscription as crosses: what its events are is the port's affair. */
export interface Subscribed {
  readonly events: AsyncIterable<unknown>;
  close(): void;
}

/** The provider's end of a subscription whose reader is elsewhere: takes from it only what the reader has asked for. */
export class Outlet {
  readonly #subscription: Subscribed;
  #credit = WINDOW;
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** @throws {PortError} `CONTRACT_VIOLATION` for what is no subscription. */
  constructor(subscription: unknown) {
    if (!isSubscribed(subscription)) {
      throw portError("CONTRACT_VIOLATION", "a method that subscribes did not return a subscription");
    }
    this.#subscription = subscription;
  }

  /** Hands on every event in order. Ends when the subscription does, and fails as it fails. */
  async run(send: (event: unknown) => void): Promise<void> {
    for await (const event of this.#subscription.events) {
      if (this.#isClosed) return;
      send(event);
      this.#credit -= 1;
      while (this.#credit === 0 && !this.#isClosed) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  /** The reader's word is not trusted: it never gets more than a window ahead. */
  read(count: number): void {
    if (count > 0) this.#credit = Math.min(WINDOW, this.#credit + Math.floor(count));
    this.#wake?.();
  }

  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wake?.();
    this.#subscription.close();
  }
}

function isSubscribed(value: unknown): value is Subscribed {
  if (typeof value !== "object" || value === null) return false;
  if (!("events" in value) || !("close" in value) || typeof value.close !== "function") return false;
  const { events } = value;
  return typeof events === "object" && events !== null && Symbol.asyncIterator in events;
}
