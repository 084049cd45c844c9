import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import type { IsolationLevel } from "../../../src/runtime/index.ts";
import { repository } from "../../support/command.ts";
import { temporaryFolder } from "../../support/root.ts";
import { HOSTILE, type Fate, type Hostile } from "./hostile.ts";
import { LEVELS, rootWith, withPort } from "./levels.ts";

/** Long enough for everything that is contained, on a slow machine. What hangs inline does so at once. */
const PATIENCE_MS = { inline: 9000, worker: 20_000, process: 20_000 };

describe.each(LEVELS)("at the level %s", (level) => {
  it.each(HOSTILE)("a plugin that $does has the fate that is documented", async (hostile) => {
    const { fate, code, said } = await fateOf(hostile, level);
    expect({ fate, said }).toMatchObject({ fate: hostile.fate[level] });
    expect(code ?? "nobody is left to be told").toMatch(fate === "contained" ? hostile.told : /nobody/);
  });
});

it("tells in its documentation how every hostile plugin fares at each level", async () => {
  const readme = await readFile(join(repository, "src/runtime/isolation/README.md"), "utf8");
  const cells = readme
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  for (const { does, fate } of HOSTILE) {
    expect(cells).toContainEqual([does, ...LEVELS.map((level) => fate[level])]);
  }
});

/** Lets a plugin do its worst in a host of its own, beside a neighbour that is inline. */
async function fateOf(
  { act, builtins = [] }: Hostile,
  level: IsolationLevel,
): Promise<{ readonly fate: Fate; readonly code?: string; readonly said?: string }> {
  const permissions = { net: [], secrets: [], fs: [], env: [], builtins };
  const resources = { memoryMiB: 16, startTimeoutMs: 10_000, drainTimeoutMs: 1000, stopTimeoutMs: 1000 };
  const root = await rootWith([
    {
      name: "hostile",
      level,
      manifest: { permissions, resources },
      code: withPort(`async act(file) { ${act} },`),
    },
    {
      name: "neighbour",
      code: withPort(`async check() { return ({}).polluted === undefined; },`),
    },
  ]);
  const file = join(await temporaryFolder(), "file");
  const { code: exit, killed, stdout, stderr } = await hosted(level, [root, file]);
  if (killed) return { fate: "host hangs" };
  if (exit !== 0) return { fate: "host ends", said: stderr };
  const { told, fares } = JSON.parse(stdout) as {
    readonly told: { readonly code?: string };
    readonly fares: boolean;
  };
  if (!fares) return { fate: "neighbour harmed" };
  if (told.code === undefined || existsSync(file)) return { fate: "not stopped" };
  return { fate: "contained", code: told.code };
}

/**
 * Runs the host that may be lost. Where the plugin shares its heap, that is small, so that filling it does not take
 * long; a worker would be held to the same limit by the engine, which ends the whole process.
 */
function hosted(level: IsolationLevel, args: readonly string[]) {
  const flags = level === "inline" ? ["--max-old-space-size=128"] : [];
  const { promise, resolve } = Promise.withResolvers<{
    readonly code: number | string | null | undefined;
    readonly killed: boolean;
    readonly stdout: string;
    readonly stderr: string;
  }>();
  execFile(
    process.execPath,
    [...flags, fileURLToPath(new URL("hostile-host.ts", import.meta.url)), ...args],
    { timeout: PATIENCE_MS[level], killSignal: "SIGKILL", env: { HOST_TOKEN: "secret" } },
    (error, stdout, stderr) =>
      resolve({
        code: error ? (error.code ?? error.signal) : 0,
        killed: error?.killed === true,
        stdout,
        stderr,
      }),
  );
  return promise;
}
