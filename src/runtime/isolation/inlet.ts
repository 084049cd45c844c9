import { portError } from "../../plugin/errors.ts";
import { WINDOW } from "./wire.ts";

interface Reader {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

interface Upstream {
  /** So many events were read. */
  read(count: number): void;
  close(): void;
}

/** The reader's end of a subscription whose provider is elsewhere. For one reader. */
export class Inlet implements AsyncIterableIterator<unknown, undefined, undefined> {
  readonly target: string;
  readonly #upstream: Upstream;
  #unread: unknown[] = [];
  #next = 0;
  #read = 0;
  #reader: Reader | undefined;
  #ended: { readonly error?: unknown } | undefined;

  constructor(target: string, upstream: Upstream) {
    this.target = target;
    this.#upstream = upstream;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Takes what arrived. A provider that sends more than it was asked for is cut off. */
  push(events: readonly unknown[]): void {
    if (this.#ended) return;
    if (this.#unread.length - this.#next + events.length > WINDOW) {
      this.#end({ error: portError("CONTRACT_VIOLATION", "the provider sent more than was asked for") });
      this.#upstream.close();
      return;
    }
    this.#unread = this.#unread.slice(this.#next).concat(events);
    this.#next = 0;
    const reader = this.#reader;
    if (!reader || this.#unread.length === 0) return;
    this.#reader = undefined;
    reader.resolve({ value: this.#take(), done: false });
  }

  resolve(): void {
    this.#end({});
  }

  reject(error: unknown): void {
    this.#end({ error });
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#next < this.#unread.length) return { value: this.#take(), done: false };
    if (this.#ended) return this.#last(this.#ended);
    return new Promise((resolve, reject) => (this.#reader = { resolve, reject }));
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.close();
    return { value: undefined, done: true };
  }

  close(): void {
    if (this.#ended) return;
    this.#upstream.close();
    this.#end({});
    this.#unread = [];
    this.#next = 0;
  }

  /** What was read is asked for again in halves of the window, so that few messages go back. */
  #take(): unknown {
    if (++this.#read >= WINDOW / 2) {
      if (!this.#ended) this.#upstream.read(this.#read);
      this.#read = 0;
    }
    return this.#unread[this.#next++];
  }

  #end(ended: { readonly error?: unknown }): void {
    if (this.#ended) return;
    this.#ended = ended;
    const reader = this.#reader;
    this.#reader = undefined;
    if (!reader) return;
    if (ended.error === undefined) reader.resolve({ value: undefined, done: true });
    else reader.reject(ended.error);
  }

  /** An error is told once, as a generator does; what follows is the plain end. */
  #last(ended: { readonly error?: unknown }): IteratorResult<unknown, undefined> {
    this.#ended = {};
    if (ended.error !== undefined) throw ended.error;
    return { value: undefined, done: true };
  }
}
