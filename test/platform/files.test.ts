import { spawnSync } from "node:child_process";
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, it } from "vitest";

import { nodeFiles } from "../../src/platform/files.ts";
import { temporaryFolder } from "../support/root.ts";

const A = "a".repeat(300_000);
const B = "b".repeat(200_000);

it("shows a reader the old file or the new one, whole, while it is rewritten", async () => {
  const path = join(await temporaryFolder(), "file");
  await nodeFiles.write(path, A);
  const over = new AbortController();
  const seen = new Set<string>();
  const reader = async (): Promise<void> => {
    while (!over.signal.aborted) seen.add((await nodeFiles.read(path, A.length)).toString());
  };
  const writer = async (): Promise<void> => {
    for (let i = 0; i < 40; i++) await nodeFiles.write(path, i % 2 === 0 ? B : A);
    over.abort();
  };
  await Promise.all([writer(), reader(), reader(), reader()]);
  expect(seen).toEqual(new Set([A, B]));
});

it("always finds a link while it is switched", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "current");
  await nodeFiles.switchLink(path, "one");
  const over = new AbortController();
  const seen = new Set<string | undefined>();
  const reader = async (): Promise<void> => {
    while (!over.signal.aborted) seen.add(await nodeFiles.readLink(path));
  };
  const switcher = async (): Promise<void> => {
    for (let i = 0; i < 100; i++) await nodeFiles.switchLink(path, i % 2 === 0 ? "two" : "one");
    over.abort();
  };
  await Promise.all([switcher(), reader(), reader()]);
  expect(seen).toEqual(new Set(["one", "two"]));
  expect(await readdir(folder)).toEqual(["current"]);
});

it("writes files and folders that were not there, with the mode asked for", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "a/b/key");
  await nodeFiles.write(path, "secret", 0o600);
  expect(await readFile(path, "utf8")).toBe("secret");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await nodeFiles.switchLink(join(folder, "c/link"), "target");
  expect(await readlink(join(folder, "c/link"))).toBe("target");
});

it("writes a file with the longest name there is", async () => {
  const path = join(await temporaryFolder(), "n".repeat(255));
  await nodeFiles.write(path, "x");
  expect(await readFile(path, "utf8")).toBe("x");
});

it("adds to the end of a file", async () => {
  const path = join(await temporaryFolder(), "new/journal");
  await nodeFiles.append(path, "one\n");
  await nodeFiles.append(path, "two\n");
  expect(await readFile(path, "utf8")).toBe("one\ntwo\n");
});

it("leaves no temporary file where a write or a switch fails", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "taken/by/a/folder"), { recursive: true });
  const taken = join(folder, "taken");
  for (const method of ["write", "switchLink"] as const) {
    await expect(nodeFiles[method](taken, "x")).rejects.toMatchObject({
      code: "CANNOT_WRITE",
      diagnostics: [{ location: { file: taken } }],
    });
  }
  expect(await readdir(folder)).toEqual(["taken"]);
});

const leftBy = (process: string): string => `.bundle-1.0.0.tar.gz.${process}-123456789.tmp`;

it("removes what killed writers left, and nothing of those that still run or ran elsewhere", async () => {
  const folder = await temporaryFolder();
  const { pid: ended } = spawnSync("true");
  const mine = leftBy(`${hostname()}-${process.pid}`);
  const running = leftBy(`${hostname()}-${process.ppid}`);
  const elsewhere = leftBy(`other-host-${ended}`);
  const dead = leftBy(`${hostname()}-${ended}`);
  for (const write of [
    () => nodeFiles.write(join(folder, "other"), "x"),
    () => nodeFiles.switchLink(join(folder, "other"), "x"),
  ]) {
    for (const name of [mine, running, elsewhere, dead, dead.slice(1)])
      await writeFile(join(folder, name), "");
    // Whoever made this cannot keep anyone from writing.
    await mkdir(join(folder, dead.replace("1.0.0", "not-a-file")), { recursive: true });
    await write();
    const left = await readdir(folder);
    expect(left).not.toContain(dead);
    expect(left).toEqual(expect.arrayContaining([mine, running, elsewhere, dead.slice(1), "other"]));
  }
});

const small = join(tmpdir(), `tradsys-tmpfs-${process.pid}`);
await mkdir(small);
const succeeds = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args).status === 0;
const isMounted = succeeds("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small);
afterAll(async () => {
  if (isMounted) succeeds("umount", small);
  await rm(small, { recursive: true, force: true });
});

it.skipIf(!isMounted)(
  "keeps the old file where the disk is full (skipped where none can be mounted)",
  async () => {
    const path = join(small, "file");
    await nodeFiles.write(path, "old");
    await expect(nodeFiles.write(path, A)).rejects.toMatchObject({
      code: "CANNOT_WRITE",
      message: "this cannot be written: no space left on device",
      diagnostics: [{ location: { file: path } }],
    });
    expect(await readdir(small)).toEqual(["file"]);
    expect(await readFile(path, "utf8")).toBe("old");
  },
);

it("reads up to its limit and not a byte more", async () => {
  const path = join(await temporaryFolder(), "file");
  await writeFile(path, "12345");
  expect((await nodeFiles.read(path, 5)).toString()).toBe("12345");
  await expect(nodeFiles.read(path, 4)).rejects.toMatchObject({
    code: "FILE_TOO_LARGE",
    message: "the file is larger than 4 bytes",
  });
  await truncate(path, 0);
  expect(await nodeFiles.read(path, 0)).toHaveLength(0);
  // The system tells no size of these.
  await expect(nodeFiles.read("/dev/zero", 1_000_000)).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
  expect((await nodeFiles.read("/proc/self/stat", 10_000)).length).toBeGreaterThan(10);
});

it("finds nothing where nothing is, also below a file", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "file"), "");
  for (const path of [join(folder, "none"), join(folder, "file/below")]) {
    await expect(nodeFiles.read(path, 10)).rejects.toMatchObject({
      code: "FILE_MISSING",
      message: "there is no such file",
      diagnostics: [{ location: { file: path } }],
    });
    expect(await nodeFiles.kind(path)).toBe("missing");
    expect(await nodeFiles.list(path)).toEqual([]);
    expect(await nodeFiles.readLink(path)).toBeUndefined();
    await nodeFiles.remove(join(folder, "none"));
  }
  await expect(nodeFiles.write(join(folder, "file/below"), "x")).rejects.toMatchObject({
    code: "CANNOT_WRITE",
  });
});

it("tells files, folders and other things apart, through links", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "b"), "");
  await symlink("b", join(folder, "a"));
  expect(await nodeFiles.kind(join(folder, "a"))).toBe("file");
  expect(await nodeFiles.kind(folder)).toBe("folder");
  expect(await nodeFiles.kind("/dev/null")).toBe("other");
  expect(await nodeFiles.list(folder)).toEqual(["a", "b"]);
});

it("does not take what it cannot look at for something that is missing", async () => {
  const folder = await temporaryFolder();
  const loop = join(folder, "loop");
  await symlink("loop", loop);
  const unreadable = { code: "FILE_UNREADABLE", diagnostics: [{ location: { file: loop } }] };
  await expect(nodeFiles.kind(loop)).rejects.toMatchObject(unreadable);
  await expect(nodeFiles.read(loop, 10)).rejects.toMatchObject(unreadable);
  await expect(nodeFiles.list(loop)).rejects.toMatchObject(unreadable);
  await expect(nodeFiles.read(folder, 10_000)).rejects.toMatchObject({
    code: "FILE_UNREADABLE",
    message: "the file cannot be read: illegal operation on a directory",
  });
  await expect(nodeFiles.readLink(folder)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
});

it.skipIf(process.getuid?.() === 0)("says that it may not read (skipped for root, who may)", async () => {
  const path = join(await temporaryFolder(), "file");
  await writeFile(path, "");
  await chmod(path, 0);
  await expect(nodeFiles.read(path, 10)).rejects.toMatchObject({
    code: "FILE_UNREADABLE",
    message: "the file cannot be read: permission denied",
  });
});
