import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, it, onTestFinished } from "vitest";

import { nodeFiles } from "../../src/platform/files.ts";
import { temporaryFolder } from "../support/root.ts";

const script = fileURLToPath(new URL("holder.ts", import.meta.url));

function start(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function startHolder(path: string): Promise<ChildProcess> {
  const child = start(path);
  if (child.stdout) await once(child.stdout, "data");
  return child;
}

const busy = { code: "BUSY", message: "another process is at work here" };

it("gives a lock to one of two processes, and tells the other to wait", async () => {
  const path = join(await temporaryFolder(), "new", "root.lock");
  const holder = await startHolder(path);
  await expect(nodeFiles.lock(path)).rejects.toMatchObject(busy);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await using _lock = await nodeFiles.lock(path);
});

it("gives a lock to one of two callers in a process, and gives it back when disposed", async () => {
  const path = join(await temporaryFolder(), "root.lock");
  {
    await using _lock = await nodeFiles.lock(path);
    await expect(nodeFiles.lock(path)).rejects.toMatchObject({
      ...busy,
      diagnostics: [{ location: { file: path }, hint: "Wait until it has finished and try again." }],
    });
  }
  await using _lock = await nodeFiles.lock(path);
  expect(await readFile(path, "utf8")).toBe("");
});

it("says why a lock cannot be taken at all", async () => {
  const folder = await temporaryFolder();
  await expect(nodeFiles.lock(folder)).rejects.toMatchObject({ code: "CANNOT_WRITE" });
  const foreign = join(folder, "foreign.lock");
  await nodeFiles.write(foreign, "this is somebody's file");
  await expect(nodeFiles.lock(foreign)).rejects.toMatchObject({ code: "CANNOT_WRITE" });
  expect(await readFile(foreign, "utf8")).toBe("this is somebody's file");
});

it("is held by one at a time, however many want it and die with it", async () => {
  const folder = await temporaryFolder();
  const [path, marker] = [join(folder, "root.lock"), join(folder, "marker")];
  const dead = await startHolder(path);
  dead.kill("SIGKILL");
  await once(dead, "exit");

  const survivors = [1, 2, 3].map(() => start(path, marker, "25"));
  const dying = [1, 2, 3].map(() => start(path, marker, "10", "dies"));
  const ends = await Promise.all([...survivors, ...dying].map((child) => once(child, "exit")));
  const clean = [0, null];
  const killed = [null, "SIGKILL"];
  expect(ends).toEqual([clean, clean, clean, killed, killed, killed]);
});
