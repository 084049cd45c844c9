/** What runs in an isolate, a worker or a process, before and around the plugin. */
import { parentPort } from "node:worker_threads";

import { servePlugin } from "./served-plugin.ts";
import type { Channel } from "./wire.ts";

/** A message port holds its thread alive; a process is held by its channel to the host, and ends with it. */
function channelToHost(): Channel {
  const port = parentPort;
  if (port) {
    return {
      send: (batch) => port.postMessage(batch),
      receive: (listener) => void port.on("message", listener),
    };
  }
  const send = process.send?.bind(process);
  if (!send) throw new Error("an isolate is started by a host");
  process.once("disconnect", () => process.exit(0));
  return {
    send: (batch) => void send([...batch]),
    receive: (listener) => void process.on("message", listener),
  };
}

servePlugin(channelToHost(), { sharesMemory: parentPort !== null });
