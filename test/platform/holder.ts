/**
 * A process that uses a lock. `holder.ts LOCK` takes it, says so and keeps it until it is killed.
 * `holder.ts LOCK MARKER ROUNDS` takes it again and again; while it has it, a marker that must be its own
 * stands in the way of everybody else. With a fourth argument it dies in the end with the lock in its hands.
 */
import { rm, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

import { TradsysError } from "../../src/domain/errors.ts";
import { nodeFiles } from "../../src/platform/files.ts";

const [path = "", marker, rounds = "0", dies] = process.argv.slice(2);

async function patiently(): Promise<AsyncDisposable> {
  for (;;) {
    try {
      return await nodeFiles.lock(path);
    } catch (error) {
      if (!(error instanceof TradsysError && error.code === "BUSY")) throw error;
      await setTimeout(Math.random() * 3);
    }
  }
}

if (marker === undefined) {
  await using _lock = await nodeFiles.lock(path);
  process.stdout.write("held\n");
  await setTimeout(60_000);
} else {
  for (let round = 0; round < Number(rounds); round++) {
    await using _lock = await patiently();
    await writeFile(marker, "", { flag: "wx" });
    await setTimeout(Math.random() * 2);
    await rm(marker);
    if (dies !== undefined && round + 1 === Number(rounds)) process.kill(process.pid, "SIGKILL");
  }
}
