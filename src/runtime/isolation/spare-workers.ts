import type { Isolate, IsolateOptions } from "./isolate.ts";
import { startWorker, type WorkerIsolate } from "./worker.ts";

/** Milliseconds after a spare was taken until the next is made: whatever it was taken for goes first. */
const REFILL_MS = 1000;

/** Workers that have started and wait for a plugin, so that a restart or a swap does not wait for a worker. */
export class SpareWorkers {
  readonly #count: number;
  readonly #spares = new Set<WorkerIsolate>();
  #refill: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param count Spares to keep. */
  constructor(count: number) {
    this.#count = count;
    this.#fill();
  }

  /** A spare where there is one, else a new worker. Grants are given when a worker starts, so spares have none. */
  take({ files, env }: IsolateOptions): Isolate {
    const [spare] = files.length === 0 && Object.keys(env).length === 0 ? this.#spares : [];
    if (!spare) return startWorker({ files, env });
    this.#spares.delete(spare);
    spare.hold(true);
    this.#refill ??= setTimeout(() => this.#fill(), REFILL_MS).unref();
    return spare;
  }

  /** Gives up the spares. Others are made once one is asked for. */
  trim(): void {
    clearTimeout(this.#refill);
    this.#refill = undefined;
    for (const spare of this.#spares) spare.kill();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#refill);
    for (const spare of this.#spares) spare.kill();
    await Promise.all([...this.#spares].map(({ ended }) => ended));
  }

  #fill(): void {
    this.#refill = undefined;
    while (!this.#isClosed && this.#spares.size < this.#count) {
      const spare = startWorker({ files: [], env: {} });
      spare.hold(false);
      this.#spares.add(spare);
      void spare.ended.then(() => this.#spares.delete(spare));
    }
  }
}
