import { asSubscription, type Subscribed } from "../subscription.ts";
import { WINDOW } from "./wire.ts";

/** The provider's end of a subscription whose reader is elsewhere: takes from it only what the reader has asked for. */
export class Outlet {
  readonly #subscription: Subscribed;
  #credit = WINDOW;
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** @throws {PortError} `CONTRACT_VIOLATION` for what is no subscription. */
  constructor(subscription: unknown) {
    this.#subscription = asSubscription(subscription);
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
