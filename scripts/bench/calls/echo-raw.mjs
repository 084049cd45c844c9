/** Answers every message with itself: over a message port, over a process' channel, or in memory that both share. */
import { parentPort, workerData } from "node:worker_threads";

if (workerData instanceof SharedArrayBuffer) {
  const turn = new Int32Array(workerData);
  let mine = 1;
  while (Atomics.load(turn, 1) === 0) {
    if (Atomics.load(turn, 0) !== mine) continue;
    Atomics.store(turn, 0, mine + 1);
    mine += 2;
  }
} else if (parentPort) {
  parentPort.on("message", (order) => parentPort.postMessage(order));
} else {
  process.on("message", (order) => process.send(order));
}
