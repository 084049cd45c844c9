import { Worker } from "node:worker_threads";

import { messageOf } from "../../domain/errors.ts";
import { CHILD, permissionFlags, type Isolate, type IsolateOptions } from "./isolate.ts";

/**
 * V8's own limit for a worker, in MiB: far beyond what any plugin is allowed. V8 checks its limit too late for large
 * allocations and then ends the whole process, so the real limit is kept from outside, long before. The process' own `--max-old-space-size` overrides it.
 */
const V8_LIMIT_MIB = 4096;

export interface WorkerIsolate extends Isolate {
  /** Whether it keeps the host's process alive, as it does from the start. */
  hold(holds: boolean): void;
}

/** A worker of this process: its own realm and event loop. It shares the process, and so its fate in a native crash. */
export function startWorker({ files, env }: Omit<IsolateOptions, "memoryBytes">): WorkerIsolate {
  const worker = new Worker(CHILD, {
    execArgv: permissionFlags(files),
    env,
    resourceLimits: { maxOldGenerationSizeMb: V8_LIMIT_MIB },
  });
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  // Also keeps an error in the worker from being one of the host.
  worker.on("error", (error) => resolve(messageOf(error)));
  worker.on("messageerror", (error) => resolve(messageOf(error)));
  worker.on("exit", (code) => resolve(`its worker ended with code ${code}`));
  return {
    channel: {
      send: (batch) => worker.postMessage(batch),
      receive: (listener) => void worker.on("message", listener),
    },
    ended,
    async memoryBytes() {
      try {
        const { total_heap_size, external_memory } = await worker.getHeapStatistics();
        return total_heap_size + external_memory;
      } catch {
        return undefined;
      }
    },
    kill: () => void worker.terminate(),
    hold: (holds) => (holds ? worker.ref() : worker.unref()),
  };
}
