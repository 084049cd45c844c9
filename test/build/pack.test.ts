import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import * as fc from "fast-check";
import { expect, it } from "vitest";

import { packBundle } from "../../src/build/pack.ts";
import { isFileName } from "../../src/bundle/archive.ts";
import { TradsysError } from "../../src/domain/errors.ts";
import { code, manifest, packed } from "../bundle/sample.ts";

it("packs equal input to equal bytes, whatever the order it comes in", async () => {
  const files: [string, Buffer][] = [
    ["dist/plugin.js", Buffer.from(code)],
    ["LICENSES.txt", Buffer.from("none\n")],
    ["schemas/config.schema.json", Buffer.from("{}")],
  ];
  const first = await packBundle(manifest(), new Map(files));
  const second = await packBundle(manifest(), new Map(files.toReversed()));
  expect(second.bytes).toEqual(first.bytes);
  expect(second.content).toBe(first.content);
});

it("compresses pieces on several cores into one stream that any gunzip reads", async () => {
  const text = Buffer.from(Array.from({ length: 90_000 }, (_, i) => `line ${(i * 7919) % 1000}\n`).join(""));
  const { bytes, files } = await packBundle(manifest(), new Map([["dist/plugin.js", text]]));
  expect(files.get("dist/plugin.js")?.equals(text)).toBe(true);
  const whole = gzipSync(gunzipSync(bytes), { level: 6 });
  expect(bytes.length / whole.length).toBeLessThan(1.01);
});

it("keeps its content digest from release to release", () => {
  expect(packed().content).toBe("sha256:afa2579f6e68e3f5b99aa0669a95e0da165683795c69996afa96e0c8b9414727");
});

it("gives back every file it was given", async () => {
  const segment = fc.stringMatching(/^[a-z0-9_][a-z0-9_-]{0,11}$/).filter(isFileName);
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `f/${parts.join("/")}`);
  const contents = fc
    .dictionary(path, fc.uint8Array({ maxLength: 1500 }), { maxKeys: 8 })
    // A file cannot stand where another has a folder.
    .filter((given) => {
      const names = Object.keys(given);
      return !names.some((name) => names.some((other) => other.startsWith(`${name}/`)));
    });
  await fc.assert(
    fc.asyncProperty(contents, async (given) => {
      const bundle = await packBundle(manifest(), new Map(Object.entries(given)));
      expect(bundle.files.size).toBe(Object.keys(given).length + 1);
      for (const [name, bytes] of Object.entries(given)) {
        expect(bundle.files.get(name)?.equals(bytes)).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});

it.each(["../up", "a b", "ä", "a".repeat(100), `dir/${"a".repeat(99)}`, "/abs"])(
  "does not pack a file that no reader takes: %s",
  async (name) => {
    const packing = packBundle(manifest(), new Map([[name, Buffer.from("x")]]));
    await expect(packing).rejects.toThrow(TradsysError);
  },
);

it("does not pack two names that differ only in case", async () => {
  const files = new Map([
    ["A", Buffer.of()],
    ["a", Buffer.of()],
  ]);
  await expect(packBundle(manifest(), files)).rejects.toThrow("a: it cannot stand beside A");
});

const hasTar = spawnSync("tar", ["--version"]).status === 0;

it.skipIf(!hasTar)("is listed by the system's tar (skipped where there is none)", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tradsys-pack-"));
  try {
    await writeFile(join(folder, "bundle.tar"), gunzipSync(packed().bytes));
    const { stdout, stderr } = spawnSync("tar", ["-tvf", "bundle.tar", "--utc", "--full-time"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    const lines = stdout.trim().split("\n");
    expect(lines.map((line) => line.split(/\s+/).at(-1))).toEqual([
      "plugin.json",
      "LICENSES.txt",
      "dist/plugin.js",
    ]);
    for (const line of lines) expect(line).toMatch(/^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00:00/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
