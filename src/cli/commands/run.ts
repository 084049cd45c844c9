import { once } from "node:events";
import { resolve } from "node:path";

import { failWith } from "../../domain/errors.ts";
import type { FacetId } from "../../domain/ids.ts";
import type { LogEntry } from "../../runtime/activate-plugin.ts";
import { openAdmin } from "../../runtime/index.ts";
import type { FacetState } from "../../runtime/lifecycle/facet-state.ts";
import type { Runtime, RuntimeOptions } from "../../runtime/runtime.ts";
import { startRuntime } from "../../runtime/start-runtime.ts";
import { readCurrent } from "../../store/generations.ts";
import { defineCommand } from "../command.ts";
import { milliseconds, plural, short } from "../documents.ts";
import { followHost } from "../live/follow.ts";
import { systemdNotifier } from "../live/systemd.ts";
import { durationOf, ROOT_OPTION, rootOf } from "../options.ts";
import { jsonLine, shownPath } from "../render.ts";
import { SECRETS_OPTION, secretsOf } from "../secrets.ts";
import { openGate } from "../trading.ts";

export const runCommand = defineCommand({
  usage: "",
  example: "tradsys run --root /srv/tradsys --secrets /run/secrets",
  options: {
    ...ROOT_OPTION,
    ...SECRETS_OPTION,
    admin: {
      type: "string",
      value: "ADDRESS",
      description:
        "Answer /livez, /readyz, /status and /metrics on 127.0.0.1:PORT, [::1]:PORT or unix:/PATH (default: as platform.yaml says)",
    },
    "admin-token": {
      type: "string",
      value: "FILE",
      description:
        "Token that whoever asks must have (default: host/admin-token below the root, made if missing)",
    },
    for: {
      type: "string",
      value: "TIME",
      description: "Stop after this long, for example 2s (default: on SIGINT or SIGTERM)",
    },
  },
  positionals: [0, 0],

  async run({ flags }, io) {
    const duration = flags.for === undefined ? undefined : durationOf(flags.for);
    const { files } = io;
    const root = rootOf(io, flags);
    const secret = await secretsOf(io, flags);
    const systemd = systemdNotifier({
      env: io.env,
      pid: process.pid,
      complain: (problem) =>
        io.report(`warn     systemd is told nothing: ${problem}`, { event: "systemd", problem }),
    });
    await using stack = new AsyncDisposableStack();
    const host = stack.adopt(followHost(io, systemd), (follower) => follower.close());
    const wanted = flags.admin ?? (await readCurrent(files, root))?.generation.admin;
    if (wanted !== undefined) {
      const token = flags["admin-token"];
      const tokenGiven = token === undefined ? undefined : resolve(io.cwd, token);
      const opened = await openAdmin(host.monitor, {
        address: wanted,
        root,
        files,
        tokenFile: tokenGiven,
      });
      const { address, tokenFile } = stack.adopt(opened, (admin) => admin.close());
      io.report(`admin    ${address}, token in ${shownPath(tokenFile, io.cwd)}`, {
        event: "admin",
        address,
        tokenFile,
      });
    }
    const gate = await openGate(io, root);
    const runtime = await startUnlessCalledOff(io.signal, {
      root,
      gate: gate.guard,
      files,
      now: io.now,
      secret,
      env: (name) => io.env[name],
      log: (entry) => io.report(describeEntry(entry), { event: "log", ...entry }),
      observe: host.observe,
    });
    if (!runtime) return { data: { stopped: true }, lines: ["stopped  before every facet was ready"] };
    const following = stack.adopt(new AbortController(), (controller) => controller.abort());
    gate.follow(runtime, following.signal);
    const { digest, report, warnings } = runtime;
    if (warnings.length > 0) io.print({ data: { event: "warnings" }, lines: [], diagnostics: warnings });
    for (const [facet, state] of runtime.status()) {
      const reason = whyMissing(facet, state);
      if (reason !== undefined) io.report(`missing  ${reason}`, { event: "missing", facet, reason });
    }
    io.report(
      `running  generation ${short(digest)}: ${plural(report.facets.size, "facet")} ready in ${milliseconds(report.readyMs)}`,
      {
        event: "running",
        generation: digest,
        readyMs: report.readyMs,
        verifyMs: report.verifyMs,
      },
    );

    await ended(io.signal, duration);
    const failures = await runtime.stop();
    if (failures.length > 0) throw failWith(failures.flatMap(({ diagnostics }) => diagnostics));
    return { data: { generation: digest, stopped: true }, lines: ["stopped  every facet, in reverse order"] };
  },
});

/** Being asked to end while everything starts is no failure; `undefined` then, and all of it is stopped again. */
async function startUnlessCalledOff(
  signal: AbortSignal,
  options: RuntimeOptions,
): Promise<Runtime | undefined> {
  try {
    return await startRuntime({ ...options, signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Resolves when the process is asked to end, or when its time is over. */
async function ended(signal: AbortSignal, duration: number | undefined): Promise<void> {
  const limit = duration === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(duration)]);
  // The timer of `timeout` keeps no process alive; this one does, and ends with it.
  const awake = setInterval(() => undefined, 60_000);
  try {
    if (!limit.aborted) await once(limit, "abort");
  } finally {
    clearInterval(awake);
  }
}

/** Why a facet of an optional plugin is not there; the rest runs without it. */
function whyMissing(facet: FacetId, state: FacetState): string | undefined {
  if (state.state === "failed") return state.error.message;
  return state.state === "blocked" ? `${facet} waits for ${state.by}, which is not ready` : undefined;
}

function describeEntry({ level, plugin, message, fields }: LogEntry): string {
  const more = Object.entries(fields).map(([name, value]) => ` ${name}=${jsonLine(value)}`);
  // One entry stays one line: a plugin must not be able to write another's.
  return `${level.padEnd(7)}  ${plugin}: ${message}${more.join("")}`.replaceAll(/\r?\n/g, "\\n");
}
