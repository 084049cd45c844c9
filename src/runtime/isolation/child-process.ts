import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { CHILD, permissionFlags, type Isolate, type IsolateOptions } from "./isolate.ts";

const MIB = 1024 * 1024;
/** Bytes of a page in Linux's `statm`. Where pages are larger the limit is only kept later. */
const PAGE = 4096;
/** Characters of what the process wrote to its standard error that a reason may quote. */
const QUOTED = 2000;

/** A process of its own: nothing it does to itself, native crashes included, reaches the host. */
export function startProcess({ memoryBytes, files, env }: IsolateOptions): Isolate {
  const heapMiB = Math.ceil(memoryBytes / MIB);
  const flags = [...permissionFlags(files), `--max-old-space-size=${heapMiB}`];
  const child = spawn(process.execPath, [...flags, fileURLToPath(CHILD)], {
    // Nothing of the host's environment: proxies, tokens, NODE_OPTIONS.
    env,
    cwd: "/",
    stdio: ["ignore", "inherit", "pipe", "ipc"],
    serialization: "advanced",
  });
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-QUOTED)));
  child.on("error", (error) => resolve(`its process failed: ${error.message}`));
  child.on("exit", (code, signal) => resolve(reasonFor(code, signal, stderr)));
  return {
    channel: {
      send: (batch) => {
        if (child.connected) child.send([...batch], () => undefined);
      },
      receive: (listener) => void child.on("message", listener),
    },
    ended,
    memoryBytes: () => residentBytes(child.pid),
    kill: () => void child.kill("SIGKILL"),
  };
}

function reasonFor(code: number | null, signal: string | null, stderr: string): string {
  const how = signal === null ? `with code ${code}` : `by ${signal}`;
  const fatal = /^(?:FATAL ERROR|# Fatal).*$/m.exec(stderr)?.[0];
  return fatal === undefined ? `its process ended ${how}` : `its process ended ${how}: ${fatal}`;
}

/** Resident memory, where the system tells it as Linux does. */
async function residentBytes(pid: number | undefined): Promise<number | undefined> {
  try {
    const [, resident] = (await readFile(`/proc/${pid}/statm`, "utf8")).split(" ");
    return Number(resident) * PAGE;
  } catch {
    return undefined;
  }
}
