import { messageOf } from "../../domain/errors.ts";
import { portError, type PortError } from "../../plugin/errors.ts";
import { Cell, Home } from "../context/cell.ts";
import { currentCell, enter } from "../context/current.ts";
import { NO_FACTS } from "../context/facts.ts";
import { notBegun, Scope } from "../context/scope.ts";
import { decodeContext } from "../context/wire.ts";
import type { Subscribed } from "../subscription.ts";
import type { CallMeter } from "../telemetry/runtime-signals.ts";
import { fromEnvelope, toEnvelope } from "./error-envelope.ts";
import { Inlet } from "./inlet.ts";
import { Outlet } from "./outlet.ts";
import { SELF, WINDOW, type Channel, type Message } from "./wire.ts";

/** Calls that may wait at either end. A plugin that answers nothing, or asks for everything, costs no more than these. */
const MAX_CALLS = 10_000;

/** Answers the other end's calls, also the ones whose method returns a subscription. */
export type Service = (target: string, method: string, args: readonly unknown[]) => unknown;

/** A call or subscription of this end that has not ended. */
interface Waiting {
  readonly target: string;
  resolve(value?: unknown): void;
  reject(error: unknown): void;
}

/** What this end knows, and does not take the other's word for. */
export interface Known {
  /** Says in an error which target it came from. */
  readonly attribute?: (error: unknown, target: string) => unknown;
  /** In whose name calls are answered: the plugin's, at either end. */
  readonly home?: () => Home;
  /** Counts and times the calls of ports that this end makes. */
  readonly meter?: CallMeter;
}

/** What this end does for the other and may be asked to give up. */
interface Serving {
  end(reason: PortError): void;
}

/**
 * One end of a conversation: calls and subscriptions in both directions over one channel. A call carries the context
 * that it is made in, so that the work behind it has the same deadline and ends when its caller gives up.
 */
export class Peer {
  readonly #channel: Channel;
  readonly #service: Service;
  readonly #attribute: NonNullable<Known["attribute"]>;
  readonly #home: () => Home;
  readonly #meter: CallMeter | undefined;
  readonly #waiting = new Map<number, Waiting>();
  readonly #serving = new Map<number, Serving>();
  #outgoing: Message[] = [];
  #lastId = 0;
  #ended: PortError | undefined;

  constructor(channel: Channel, service: Service, known: Known = {}) {
    this.#channel = channel;
    this.#service = service;
    this.#attribute = known.attribute ?? ((error) => error);
    this.#home = known.home ?? (() => NOBODY);
    this.#meter = known.meter;
    channel.receive((batch) => this.#receive(batch));
  }

  /** Rejects as the method does, with `TIMEOUT` or `CANCELLED` as the scope ends, or as the other end does. */
  call(target: string, method: string, args: readonly unknown[]): Promise<unknown> {
    const cell = currentCell();
    const scope = cell?.scope;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const refusal = this.#refusal(scope);
    if (refusal) {
      reject(refusal);
      return promise;
    }
    const id = ++this.#lastId;
    const waiting = this.#metered({ target, resolve, reject });
    this.#waiting.set(id, waiting);
    const context = cell?.wire;
    this.#send(
      context === undefined
        ? ["call", id, target, method, args]
        : ["call", id, target, method, args, context],
    );
    if (!scope) return promise;
    const giveUp = (reason: PortError): void => {
      if (!this.#waiting.delete(id)) return;
      this.#send(["cancel", id]);
      waiting.reject(reason);
    };
    scope.watch(giveUp);
    return promise.finally(() => scope.unwatch(giveUp));
  }

  /** Says something that needs no answer. After the end it goes nowhere. */
  tell(target: string, method: string, args: readonly unknown[]): void {
    if (!this.#ended) this.#send(["call", 0, target, method, args]);
  }

  subscribe(target: string, method: string, args: readonly unknown[]): Subscribed {
    const refusal = this.#refusal(undefined);
    if (refusal) throw refusal;
    const id = ++this.#lastId;
    const inlet = new Inlet(target, {
      read: (count) => this.#send(["read", id, count]),
      close: () => {
        this.#waiting.delete(id);
        this.#send(["cancel", id]);
      },
    });
    this.#waiting.set(id, inlet);
    this.#send(["open", id, target, method, args]);
    return { events: inlet, close: () => inlet.close() };
  }

  /** The other end is gone: fails all that waits for it at once, and gives up what was done for it. */
  end(reason: PortError): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#outgoing = [];
    const waiting = [...this.#waiting.values()];
    const serving = [...this.#serving.values()];
    this.#waiting.clear();
    this.#serving.clear();
    for (const each of waiting) each.reject(reason);
    for (const served of serving) served.end(reason);
  }

  /** Why nothing is asked of the other end now, if nothing is. */
  #refusal(scope: Scope | undefined): PortError | undefined {
    const reason = this.#ended ?? scope?.ended ?? overloaded(this.#waiting);
    return reason && notBegun(reason);
  }

  /**
   * Sent once all that can run now has run, so that calls and events made together travel together: waking the
   * other end costs far more than what is in the message.
   */
  #send(message: Message): void {
    if (this.#ended) return;
    if (this.#outgoing.length === 0) process.nextTick(() => this.#flush());
    this.#outgoing.push(message);
  }

  #flush(): void {
    const batch = this.#outgoing;
    this.#outgoing = [];
    if (batch.length === 0) return;
    try {
      this.#channel.send(batch);
    } catch {
      for (const message of batch) this.#sendAlone(message);
    }
  }

  /** Finds the message that cannot travel, and fails only what it belongs to. */
  #sendAlone(message: Message): void {
    try {
      this.#channel.send([message]);
    } catch (cause) {
      const [kind, id] = message;
      const error = portError(
        "CONTRACT_VIOLATION",
        `what a port carries must be plain data: ${messageOf(cause)}`,
        {
          outcome: "n/a",
        },
      );
      if (kind === "call" || kind === "open") {
        this.#waiting.get(id)?.reject(error);
        this.#waiting.delete(id);
      } else {
        this.#serving.get(id)?.end(error);
        this.#send(["failed", id, toEnvelope(error)]);
      }
    }
  }

  /** Never throws: on the host's end the sender is a plugin. */
  #receive(batch: unknown): void {
    if (!Array.isArray(batch) || this.#ended) return;
    for (const message of batch as unknown[]) if (Array.isArray(message)) this.#take(message);
  }

  #take(message: readonly unknown[]): void {
    const [kind, id, first, second, third, fourth] = message;
    if (typeof id !== "number") return;
    switch (kind) {
      case "call":
        void this.#answer(id, fourth, () => this.#service(String(first), String(second), asList(third)));
        break;
      case "open":
        void this.#feed(id, () => this.#service(String(first), String(second), asList(third)));
        break;
      case "done":
        this.#settled(id)?.resolve(first);
        break;
      case "failed": {
        const waiting = this.#settled(id);
        waiting?.reject(this.#attribute(fromEnvelope(first), waiting.target));
        break;
      }
      case "cancel":
        this.#serving.get(id)?.end(portError("CANCELLED", "the caller gave up", { outcome: "unknown" }));
        break;
      case "events": {
        const inlet = this.#waiting.get(id);
        if (inlet instanceof Inlet) inlet.push(asList(first));
        break;
      }
      case "read": {
        const outlet = this.#serving.get(id);
        if (outlet instanceof Outlet) outlet.read(Number(first));
        break;
      }
      default:
    }
  }

  /** What the plugin is asked as a plugin, to start or whether it is there, is no call of a port. */
  #metered(waiting: Waiting): Waiting {
    const meter = this.#meter;
    if (!meter || waiting.target === SELF) return waiting;
    const call = meter.begun();
    return {
      target: waiting.target,
      resolve(value) {
        meter.ended(call);
        waiting.resolve(value);
      },
      reject(error) {
        meter.ended(call, error);
        waiting.reject(error);
      },
    };
  }

  #settled(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  async #answer(id: number, context: unknown, work: () => unknown): Promise<void> {
    const { facts = NO_FACTS, deadline } = decodeContext(context) ?? {};
    const scope = new Scope(deadline);
    try {
      const refusal = scope.ended ?? overloaded(this.#serving);
      if (refusal) throw notBegun(refusal);
      this.#serving.set(id, scope);
      const value = await enter(new Cell(this.#home(), { facts, scope }), work);
      if (id !== 0) this.#send(["done", id, value]);
    } catch (error) {
      if (id !== 0) this.#send(["failed", id, toEnvelope(error)]);
    } finally {
      this.#serving.delete(id);
      scope.release();
    }
  }

  async #feed(id: number, open: () => unknown): Promise<void> {
    try {
      const refusal = overloaded(this.#serving);
      if (refusal) throw notBegun(refusal);
      const outlet = new Outlet(open());
      this.#serving.set(id, outlet);
      // Events of one turn share a message; it is still being filled as long as it has not left.
      let filling: unknown[] = [];
      let leaves: Message[] | undefined;
      await outlet.run((event) => {
        if (leaves === this.#outgoing && filling.length < WINDOW) filling.push(event);
        else {
          filling = [event];
          this.#send(["events", id, filling]);
          leaves = this.#outgoing;
        }
      });
      this.#send(["done", id]);
    } catch (error) {
      this.#send(["failed", id, toEnvelope(error)]);
    } finally {
      this.#serving.delete(id);
    }
  }
}

const NOBODY = new Home();

const overloaded = ({ size }: ReadonlyMap<number, unknown>): PortError | undefined =>
  size < MAX_CALLS ? undefined : portError("OVERLOADED", `${size} calls wait for an answer already`);

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
