import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { onTestFinished } from "vitest";

import { temporaryFolder } from "./root.ts";

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
/** Node.js has no Unix datagram sockets, to write to or to read from. */
export const canListen = has("systemd-notify") && has("python3");

const LISTENER = `
import socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(repr(server.recv(4096).decode()), flush=True)
`;

/** What a service manager would receive, each message as Python writes it. */
export async function serviceManager() {
  const path = join(await temporaryFolder(), "notify");
  const child = spawn("python3", ["-c", LISTENER, path], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill());
  const received: string[] = [];
  const lines = createInterface(child.stdout);
  await once(lines, "line");
  // systemd-notify waits until what it said was read: it says this last, and systemd does not.
  lines.on("line", (line) => line === "'BARRIER=1'" || received.push(line));
  return { path, received };
}
