import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes in use once nothing is left to collect, so that a figure does not depend on how a script was started. */
export function settledMemory(): { readonly heap: number; readonly rss: number } {
  collectGarbage();
  const { heapUsed: heap, rss } = process.memoryUsage();
  return { heap, rss };
}
