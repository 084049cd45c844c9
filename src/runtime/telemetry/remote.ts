import { recorderFor, type Recorder, type Sink } from "./recorder.ts";
import { Shard } from "./shard.ts";
import type { MetricOwner } from "./telemetry.ts";

/** Milliseconds between two reports of a thread that shares no memory with its reader. */
const REPORT_MS = 1000;

/**
 * The recorder of a plugin with a thread or process of its own. A thread's numbers are read where they are; a
 * process sends all of them once a second, and so loses the last second where it is killed.
 */
export function remoteRecorder(
  { plugin, metrics }: Pick<MetricOwner, "plugin" | "metrics">,
  { sharesMemory, sink }: { readonly sharesMemory: boolean; readonly sink: Sink },
): Recorder {
  const shard = new Shard(sharesMemory);
  const recorder = recorderFor({ owner: plugin, metrics }, sink, shard);
  if (!sharesMemory && metrics.length > 0) {
    setInterval(() => {
      for (const [chunk, slots] of shard.chunks.entries()) sink.slots(chunk, slots);
    }, REPORT_MS).unref();
  }
  return recorder;
}
