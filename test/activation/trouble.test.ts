import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, it, onTestFinished } from "vitest";

import { applyPlan, rollBack } from "../../src/activation/activate.ts";
import { auditJournal } from "../../src/activation/audit.ts";
import { rootStatus } from "../../src/activation/status.ts";
import { EMPTY_FLOOR } from "../../src/domain/trust.ts";
import { nodeFiles, type Files } from "../../src/platform/files.ts";
import { preload } from "../../src/runtime/preload.ts";
import { tradsys } from "../support/command.ts";
import { activation, temporaryFolder, trust } from "../support/root.ts";
import { upgradeOf } from "./upgrade.ts";

const { plan, states, newRoot } = await upgradeOf(3);
const run = promisify(execFile);

const findings = async (root: string) =>
  (await auditJournal(nodeFiles, root, { policy: trust, floor: EMPTY_FLOOR, checkpoints: [] })).diagnostics;

/** Whatever went wrong: a whole state is active, and with the trouble gone the plan ends well. */
async function expectNothingLost(root: string): Promise<void> {
  expect(states).toContain((await preload({ root })).digest);
  await applyPlan(plan, activation(root));
  expect(await rootStatus(nodeFiles, root)).toMatchObject({ active: { digest: plan.next }, halfWay: null });
  expect(await findings(root)).toEqual([]);
}

it("loses nothing on a disk that is full, and says so", async ({ skip }) => {
  const mount = await mkdtemp(join(tmpdir(), "tradsys-full-"));
  onTestFinished(async () => {
    await run("umount", [mount]).catch(() => undefined);
    await rm(mount, { recursive: true, force: true });
  });
  const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", mount]).catch(
    () => undefined,
  );
  if (!mounted) skip("only root may mount a small disk");
  const source = await newRoot();
  const root = join(mount, "root");
  await cp(source, root, { recursive: true, verbatimSymlinks: true });
  const ballast = join(mount, "ballast");
  // From a disk with no room at all to one that has all that it takes, page by page.
  let refused = 0;
  for (let pages = 0; ; pages++) {
    await fill(ballast, pages);
    const outcome = await applyPlan(plan, activation(root)).catch((error: unknown) => error);
    await rm(ballast, { force: true });
    if (!(outcome instanceof Error)) break;
    refused++;
    expect(outcome).toMatchObject({
      code: "CANNOT_WRITE",
      message: expect.stringMatching(/^this cannot be written: .*(?:no space left on device|disk is full)$/),
    });
    expect(states).toContain((await preload({ root })).digest);
    await rollBack(states[0], activation(root));
  }
  expect(refused).toBeGreaterThan(3);
  expect(await rootStatus(nodeFiles, root)).toMatchObject({
    active: { digest: plan.next },
    interrupted: false,
  });
  expect(await findings(root)).toEqual([]);
});

/** Takes all room on a disk but this many pages. */
async function fill(ballast: string, pages: number): Promise<void> {
  await run("dd", ["if=/dev/zero", `of=${ballast}`, "bs=4096"]).catch(() => undefined);
  const { stdout } = await run("stat", ["-c", "%s", ballast]);
  await run("truncate", ["-s", String(Math.max(0, Number(stdout) - pages * 4096)), ballast]);
}

it("leaves no torn line in the middle of the journal when the disk is full for a moment", async () => {
  for (let full = 1; full <= 4; full++) {
    const root = await newRoot();
    let appended = 0;
    const files: Files = {
      ...nodeFiles,
      async append(path, text) {
        if (++appended !== full) return nodeFiles.append(path, text);
        await nodeFiles.append(path, text.slice(0, 50));
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      },
    };
    await expect(applyPlan(plan, activation(root, files))).rejects.toThrow("ENOSPC");
    await expectNothingLost(root);
  }
});

it("goes back even where it cannot write down why", async () => {
  const root = await newRoot();
  let isFull = false;
  const files: Files = {
    ...nodeFiles,
    append: (path, text) =>
      isFull ? Promise.reject(new Error("ENOSPC: no space left on device")) : nodeFiles.append(path, text),
  };
  const gate = async (): Promise<void> => {
    isFull = true;
    throw new Error("not healthy");
  };
  await expect(applyPlan(plan, { ...activation(root, files), gate })).rejects.toThrow("ENOSPC");
  expect((await preload({ root })).digest).toBe(states[0]);
  await expectNothingLost(root);
});

it("changes nothing in a folder that must not be written to, and can still tell how things stand", async ({
  skip,
}) => {
  if (process.getuid?.() !== 0) skip("only root may run as another user");
  const root = await newRoot();
  // Another user, since nothing is read-only for root.
  const folder = await temporaryFolder();
  await cp(root, join(folder, "root"), { recursive: true, verbatimSymlinks: true });
  await rm(join(folder, "root/store"));
  await cp(await realpath(join(root, "store")), join(folder, "root/store"), { recursive: true });
  await mkdir(join(folder, "home"));
  await writeFile(join(folder, "plan.json"), JSON.stringify(plan));
  await run("chmod", ["-R", "a+rX", folder]);
  await chmod(folder, 0o755);
  const env = { HOME: join(folder, "home") };
  const line = (command: string) => tradsys(folder, `${command} --root root`, { uid: 54_321, env });
  if ((await line("status")).code === -1) skip("other users may not read this repository");
  expect(await line("apply plan.json")).toMatchObject({
    code: 73,
    stderr: expect.stringContaining("CANNOT_WRITE"),
  });
  expect(await line("status")).toMatchObject({ code: 0, stdout: expect.stringContaining("is active") });
  expect((await line("history")).code).toBe(0);
  expect((await rootStatus(nodeFiles, join(folder, "root"))).active?.digest).toBe(states[0]);
});

it("works on when the clock is set back, in the order in which things happened", async () => {
  const root = await newRoot();
  const lastYear = { ...activation(root), now: () => new Date("2025-01-01T00:00:00Z") };
  await applyPlan(plan, lastYear);
  await rollBack(undefined, lastYear);
  expect((await rootStatus(nodeFiles, root)).active?.digest).toBe(states[0]);
  expect(await findings(root)).toMatchObject([{ code: "CLOCK_SET_BACK", severity: "warning" }]);
});

it("lets a second applier wait for the first, no longer than it wants to", async () => {
  const root = await newRoot();
  const { promise: opened, resolve: open } = Promise.withResolvers<undefined>();
  const { promise: reached, resolve: arrive } = Promise.withResolvers<undefined>();
  const gate = async (): Promise<void> => {
    arrive(undefined);
    await opened;
  };
  const first = applyPlan(plan, { ...activation(root), gate });
  await reached;
  await expect(applyPlan(plan, activation(root))).rejects.toMatchObject({ code: "BUSY" });
  await expect(rollBack(undefined, { ...activation(root), waitMs: 150 })).rejects.toMatchObject({
    code: "BUSY",
  });
  const patient = applyPlan(plan, { ...activation(root), waitMs: 60_000 });
  open(undefined);
  expect(await first).toMatchObject({ changed: true });
  expect(await patient).toMatchObject({ changed: false, to: plan.next });
  expect(await findings(root)).toEqual([]);
});
