import { spawn } from "node:child_process";
import { once } from "node:events";

import type { Gate, Reached } from "../activation/walk.ts";
import { failWith, TradsysError } from "../domain/errors.ts";
import { startRuntime } from "../runtime/start-runtime.ts";
import type { Io } from "./command.ts";
import { milliseconds, plural } from "./documents.ts";
import { SECRETS_OPTION, secretsOf } from "./secrets.ts";

export const GATE_OPTIONS = {
  check: {
    type: "boolean",
    description: "Start every state here for a moment, and take the plan back if it does not become ready",
  },
  gate: {
    type: "string",
    value: "PROGRAM",
    description:
      "Run this after every wave, and take the plan back if it fails; TRADSYS_WAVE and the like say where it is",
  },
  ...SECRETS_OPTION,
} as const;

interface GateFlags {
  readonly check?: boolean | undefined;
  readonly gate?: string | undefined;
  readonly secrets?: string | undefined;
}

/** What judges the states of a plan, as the command line asks for it; `undefined` where nothing does. */
export async function gateFrom(io: Io, root: string, flags: GateFlags): Promise<Gate | undefined> {
  const gates: Gate[] = [];
  if (flags.check === true) gates.push(startingGate(io, root, await secretsOf(io, flags)));
  if (flags.gate !== undefined) gates.push(programGate(io, root, flags.gate));
  if (gates.length === 0) return undefined;
  return async (reached) => {
    for (const gate of gates) await gate(reached);
  };
}

/** Starts what is active for real, waits until it is ready, and stops it again. */
function startingGate(io: Io, root: string, secret: (name: string) => string | undefined): Gate {
  return async (reached) => {
    const { files, now, signal } = io;
    const runtime = await startRuntime({ root, files, now, secret, signal });
    const { facets, readyMs } = runtime.report;
    const failures = await runtime.stop();
    if (failures.length > 0) throw failWith(failures.flatMap(({ diagnostics }) => diagnostics));
    io.report(
      `checked  ${describe(reached)}: ${plural(facets.size, "facet")} ready in ${milliseconds(readyMs)}`,
      { event: "checked", wave: reached.wave, generation: reached.digest, readyMs },
    );
  };
}

/** For whoever runs the platform in a process of their own: their program restarts it and asks how it does. */
function programGate({ cwd, env, signal }: Io, root: string, program: string): Gate {
  return async (reached) => {
    const told = {
      TRADSYS_ROOT: root,
      TRADSYS_GENERATION: reached.digest,
      TRADSYS_WAVE: String(reached.wave),
      TRADSYS_WAVES: String(reached.of),
    };
    // Its output is for people: standard output is for ours.
    const child = spawn(program, { cwd, env: { ...env, ...told }, signal, stdio: ["ignore", 2, 2] });
    const ended = once(child, "exit").catch((cause: unknown) => {
      throw new TradsysError("GATE_FAILED", `${program} cannot be run`, { cause });
    });
    const [code, killedBy] = (await ended) as [number | null, string | null];
    if (code !== 0) throw new TradsysError("GATE_FAILED", `${program} ended with ${code ?? killedBy}`);
  };
}

const describe = ({ wave, of }: Reached): string => `wave ${wave} of ${of}`;
