import { spawn } from "node:child_process";

import type { Ended } from "../support/command.ts";

/** Runs a program with this standard input to its end. A program that is not there ends with -1. */
export function executeWith(
  input: string,
  [program, ...args]: readonly [string, ...string[]],
  options: { readonly cwd?: string } = {},
): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const child = spawn(program, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.on("error", () => resolve({ code: -1, stdout, stderr }));
  child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  child.stdin.on("error", () => undefined).end(input);
  return promise;
}
