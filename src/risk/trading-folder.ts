import { watch } from "node:fs/promises";
import { join } from "node:path";

import { canonical } from "../domain/canonical.ts";
import { messageOf } from "../domain/errors.ts";
import type { Files } from "../platform/files.ts";
import type { KillReport, TradingGate } from "./trading-gate.ts";
import { newLatch, type Latch } from "./trading-states.ts";

const MAX_BYTES = 16 * 1024 * 1024;
const LATCH = /^(?<id>[A-Za-z0-9-]+)\.json$/;

/** The end of a file that asks what would happen. */
const DRILL = ".drill";

const folderOf = (root: string): string => join(root, "trading");

/**
 * The latches of a root: one file for each, and one for each person who agreed to lift it. Nothing is ever changed, so
 * host and commands need no lock, and whoever may write here may halt: a kill needs no network and no host that
 * answers, and holds from the next start on where none runs. What cannot be read halts everything.
 */
export async function readLatches(files: Files, root: string): Promise<readonly Latch[]> {
  const names = await files.list(folderOf(root));
  const ids = names.flatMap((name) => LATCH.exec(name)?.groups?.["id"] ?? []);
  return Promise.all(
    ids.map(async (id) => {
      const prefix = `${id}+`;
      const agreed = names
        .filter((name) => name.startsWith(prefix))
        .map((name) => decodeURIComponent(name.slice(prefix.length)));
      return { ...(await readLatch(files, root, id)), id, agreed };
    }),
  );
}

async function readLatch(files: Files, root: string, id: string): Promise<Latch> {
  try {
    return JSON.parse((await files.read(pathOf(root, id), MAX_BYTES)).toString()) as Latch;
  } catch (error) {
    const reason = `${id} cannot be read: ${messageOf(error)}`;
    return newLatch({ scope: "host", state: "halted", by: "the host", reason }, 0);
  }
}

const pathOf = (root: string, id: string): string => join(folderOf(root), `${id}.json`);

/** Keeps a latch with all that was agreed about it. @throws {TradsysError} `CANNOT_WRITE` */
export async function keepLatch(files: Files, root: string, latch: Latch): Promise<void> {
  await files.makePrivate(folderOf(root));
  await files.create(pathOf(root, latch.id), canonical({ ...latch, agreed: [] }), 0o600);
  for (const person of latch.agreed) {
    await files.create(join(folderOf(root), `${latch.id}+${encodeURIComponent(person)}`), "", 0o600);
  }
}

/** What the running host did about a latch; `undefined` while it has not said. */
export async function readKillReport(
  files: Files,
  root: string,
  { id }: Latch,
): Promise<KillReport | undefined> {
  const path = join(folderOf(root), "reports", `${id}.json`);
  if ((await files.kind(path)) === "missing") return undefined;
  return JSON.parse((await files.read(path, MAX_BYTES)).toString()) as KillReport;
}

/** Asks the running host what a kill would do; `readKillReport` has the answer. @throws {TradsysError} `CANNOT_WRITE` */
export async function askForDrill(files: Files, root: string, latch: Latch): Promise<void> {
  await files.makePrivate(folderOf(root));
  await files.create(join(folderOf(root), `${latch.id}${DRILL}`), canonical({ ...latch }), 0o600);
}

/** Obeys the folder of a root until the signal: what is halted there is killed here, and reported. */
export async function followLatches(
  gate: TradingGate,
  { files, root, signal }: { readonly files: Files; readonly root: string; readonly signal: AbortSignal },
): Promise<void> {
  const folder = folderOf(root);
  await files.makePrivate(folder);
  const report = async (latch: Latch, dryRun: boolean): Promise<void> => {
    const done = await gate.cancelAll(latch.scope, { dryRun });
    await files.write(join(folder, "reports", `${latch.id}.json`), canonical({ ...done }), 0o600);
  };
  const obey = async (): Promise<void> => {
    for (const latch of await readLatches(files, root)) {
      if (gate.hold(latch) && latch.state === "halted") void report(latch, false);
    }
    for (const name of (await files.list(folder)).filter((each) => each.endsWith(DRILL))) {
      const latch = JSON.parse((await files.read(join(folder, name), MAX_BYTES)).toString()) as Latch;
      await files.remove(join(folder, name));
      void report(latch, true);
    }
  };
  try {
    const changes = watch(folder, { signal })[Symbol.asyncIterator]();
    // Watching begins with the question: what was there before is read after it.
    let change = changes.next();
    for (;;) {
      await obey();
      if ((await change).done === true) return;
      change = changes.next();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
