/** The program that `compileAhead` runs: loads and activates one plugin, and answers with what V8 compiled of it. */
import { readSync, writeSync } from "node:fs";
import { cachedDataVersionTag } from "node:v8";
import type { Script } from "node:vm";

import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import { Home } from "../context/cell.ts";
import { inlinePlugin } from "../plugin-instance.ts";
import { PortRegistry } from "../ports.ts";
import { Timeline } from "../report/timeline.ts";
import { RuntimeSignals } from "../telemetry/runtime-signals.ts";
import { ANSWER_HEAD } from "./compile-ahead.ts";
import { createLoader } from "./load.ts";

const STDIN = 0;
const ANSWER = 3;

const request = readAll(STDIN);
const codeAt = 4 + request.readUInt32LE(0);
const { manifest, ...plugin } = JSON.parse(request.toString("utf8", 4, codeAt)) as Pick<
  VerifiedPlugin,
  "name" | "version" | "config"
> &
  Pick<VerifiedPlugin["bundle"], "manifest">;
const code = request.subarray(codeAt);

const scripts: Script[] = [];
const timeline = new Timeline(performance.now());
const instance = inlinePlugin(
  { ...plugin, bundle: { manifest }, code: () => code },
  {
    timeline,
    loader: createLoader({
      cache: { take: () => undefined },
      timeline,
      hostModules: {},
      onCompiled: (script) => void scripts.push(script),
    }),
    ports: new PortRegistry().accessFor("nobody", new Map()),
    secret: () => undefined,
    log: () => undefined,
    signal: new AbortController().signal,
    home: new Home(),
    signals: new RuntimeSignals(() => performance.now()).instance(manifest),
  },
);
// One that fails here, for want of a secret or a port, has had all compiled that it got to.
await Promise.allSettled([instance.handles()]);

for (const script of scripts) {
  const compiled = script.createCachedData();
  const head = Buffer.alloc(ANSWER_HEAD);
  head.writeUInt32LE(cachedDataVersionTag(), 0);
  head.writeUInt32LE(compiled.length, 4);
  writeAll(ANSWER, Buffer.concat([head, compiled]));
}
process.exit();

function readAll(descriptor: number): Buffer {
  const pieces: Buffer[] = [];
  for (;;) {
    const piece = Buffer.alloc(64 * 1024);
    const length = readSync(descriptor, piece);
    if (length === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, length));
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}
