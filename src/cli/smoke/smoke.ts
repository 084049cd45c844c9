/**
 * Loads one bundle as the runtime would, and tells what that did. A program of its own: the build starts it without
 * any right, gives it the bundle on standard input and reads the answer from file descriptor 3.
 */
import { Socket as UdpSocket } from "node:dgram";
import { writeSync } from "node:fs";
import { Server, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";

import type { SmokeReport } from "../../build/smoke.ts";
import { openBundle } from "../../bundle/open.ts";
import { asFunction, CODE_FILE } from "../../domain/bundle.ts";
import { TradsysError } from "../../domain/errors.ts";
import { compile, evaluate } from "../../runtime/loading/evaluate.ts";
import { changesBetween, sharedMembers } from "./shared-members.ts";

/** Turns of the event loop in which what was begun at the load, such as a `fetch`, gets as far as the network. */
const TURNS = 4;

/** Taken before the plugin could change it. */
const exit = process.exit.bind(process);
const connects: string[] = [];

process.on("uncaughtException", (error) => end({ connects, patches: [], threw: told(error) }));
const bundle = openBundle(await buffer(process.stdin), { file: "the bundle" });
denyNetwork();
const before = sharedMembers();
try {
  const { manifest } = bundle;
  const script = compile({ manifest, code: asFunction(bundle.files.get(CODE_FILE) ?? Buffer.alloc(0)) });
  const hostModules = Object.fromEntries(manifest.hostProvided.map((name) => [name, standIn()]));
  evaluate(script, manifest, { hostModules });
} catch (error) {
  // What the plugin threw, not what the loader made of it.
  const own = error instanceof TradsysError && error.cause !== undefined ? error.cause : error;
  end({ connects, patches: [], threw: told(own) });
}
const patches = changesBetween(before, sharedMembers());
for (let turn = 0; turn < TURNS; turn++) await setImmediate();
end({ connects, patches });

function end(report: SmokeReport): void {
  writeSync(3, JSON.stringify(report));
  exit(0);
}

function told(error: unknown): NonNullable<SmokeReport["threw"]> {
  if (!(error instanceof Error)) return { message: String(error) };
  return { message: error.message, ...(error.stack !== undefined && { stack: error.stack }) };
}

/** Node.js 24 has no permission for the network: the ways out that JavaScript has are closed here. */
function denyNetwork(): void {
  Socket.prototype.connect = denied("connection");
  Server.prototype.listen = denied("server");
  UdpSocket.prototype.bind = denied("datagram socket");
  UdpSocket.prototype.connect = denied("datagram socket");
  UdpSocket.prototype.send = denied("datagram socket");
}

function denied(what: string): () => never {
  return () => {
    connects.push(what);
    throw Object.assign(new Error(`no ${what} while a plugin is loaded`), { code: "ERR_ACCESS_DENIED" });
  };
}

/** Answers whatever is asked of a package that only the host has: at the load, code does little but take names from it. */
function standIn(): object {
  const any: object = new Proxy(class Any extends Object {}, {
    get: (target, key) => (Reflect.has(target, key) ? (Reflect.get(target, key) as unknown) : any),
    apply: () => any,
  });
  return any;
}
