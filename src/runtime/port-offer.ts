import type { PortTypes } from "../plugin/ports.ts";
import { asSubscription, isSubscription, MovableSubscription } from "./subscription.ts";

type Method = (...args: readonly unknown[]) => unknown;

/** Opens a subscription anew, at another offer. */
type Opening = (offer: Offer) => unknown;

/** How much something is used. */
export interface Activity {
  /** Calls and subscriptions so far; grows. */
  readonly uses: number;
  /** Whether a call or a subscription is under way. */
  readonly isBusy: boolean;
}

/** The ports that one start of a facet provides, and whoever uses them at the moment. */
export class Offer {
  readonly #ports: ReadonlyMap<string, object>;
  /** Methods that were asked for, by port. Nobody else keeps them, so that a provider that is gone can be collected. */
  readonly #methods: ReadonlyMap<string, Map<string, Method>>;
  /** Each with the way to open it anew elsewhere. */
  readonly #subscriptions = new Map<MovableSubscription, Opening>();
  #calls = 0;
  #uses = 0;
  #onIdle: (() => void) | undefined;

  constructor(provides: Partial<PortTypes>) {
    this.#ports = new Map(Object.entries<object>(provides));
    this.#methods = new Map(Object.keys(provides).map((port) => [port, new Map()]));
  }

  get activity(): Activity {
    return { uses: this.#uses, isBusy: this.#calls > 0 || this.#subscriptions.size > 0 };
  }

  has(port: string): boolean {
    return this.#ports.has(port);
  }

  /** A member of a port. Methods are bound to it, once, and count who uses them. */
  member(port: string, name: string): unknown {
    const methods = this.#methods.get(port);
    const known = methods?.get(name);
    if (known) return known;
    const provider = this.#ports.get(port);
    const member: unknown = provider && Reflect.get(provider, name);
    if (typeof member !== "function") return member;
    const own = member.bind(provider) as Method;
    const method = isSubscription(name) ? this.#subscribing(own, { port, name }) : this.#counting(own);
    methods?.set(name, method);
    return method;
  }

  /** Moves subscriptions to another offer, within this time, and waits until no call is left. */
  async handOver(next: Offer, ms: number): Promise<void> {
    const { promise: cut, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const moves = [...this.#subscriptions].map(async ([subscription, open]) => {
      this.#subscriptions.delete(subscription);
      next.#adopt(subscription, open);
      await subscription.move(() => open(next), cut).catch(() => subscription.close());
    });
    await Promise.race([Promise.all([...moves, this.idle()]), cut]);
    clearTimeout(timer);
  }

  /** Resolves once no call is left. */
  idle(): Promise<void> {
    return this.#calls === 0 ? Promise.resolve() : new Promise((resolve) => (this.#onIdle = resolve));
  }

  #counting(method: Method): Method {
    const ended = (): void => {
      this.#calls -= 1;
      if (this.#calls === 0) this.#onIdle?.();
    };
    return (...args) => {
      this.#uses += 1;
      const answer = method(...args);
      if (answer instanceof Promise) {
        this.#calls += 1;
        answer.then(ended, ended);
      }
      return answer;
    };
  }

  #subscribing(method: Method, { port, name }: { readonly port: string; readonly name: string }): Method {
    return (...args) => {
      this.#uses += 1;
      const subscription = new MovableSubscription(asSubscription(method(...args)));
      this.#adopt(subscription, (offer) => {
        const successor = offer.#ports.get(port);
        const open: unknown = successor && Reflect.get(successor, name);
        return typeof open === "function" ? (Reflect.apply(open, successor, args) as unknown) : undefined;
      });
      return subscription;
    };
  }

  #adopt(subscription: MovableSubscription, open: Opening): void {
    this.#subscriptions.set(subscription, open);
    subscription.onEnd = () => void this.#subscriptions.delete(subscription);
  }
}
