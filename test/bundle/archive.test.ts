import * as fc from "fast-check";
import { expect, it } from "vitest";

import { readArchive } from "../../src/bundle/archive.ts";
import { BUNDLE_LIMITS } from "../../src/domain/bundle.ts";
import { packed } from "./sample.ts";
import { archive, entry, withChecksum } from "./tar.ts";

const read = (tar: Buffer, limits = BUNDLE_LIMITS) => readArchive(tar, limits);
const refused = (tar: Buffer, limits = BUNDLE_LIMITS): string => {
  const files = read(tar, limits);
  return files.ok ? `accepted ${[...files.value.keys()].join(", ")}` : files.error;
};
const plugin = entry("plugin.json", "{}");

it("reads every file as a view into the archive", () => {
  const tar = archive(plugin, entry("a/empty", ""), entry("dist/plugin.js", "code"));
  const files = read(tar);
  expect(files.ok && [...files.value].map(([name, body]) => [name, body.toString()])).toEqual([
    ["plugin.json", "{}"],
    ["a/empty", ""],
    ["dist/plugin.js", "code"],
  ]);
  expect(files.ok && files.value.get("dist/plugin.js")?.buffer).toBe(tar.buffer);
});

it.each([
  ["mode", 100, "000755 \0"],
  ["mode", 100, "004644 \0"],
  ["mode", 100, "0000644\0"],
  ["owner id", 108, "001750 \0"],
  ["group id", 116, "001750 \0"],
  ["size", 124, "00000000002\0"],
  ["size", 124, "-000000002 \0"],
  ["size", 124, "\x80\0\0\0\0\0\0\0\0\0\0\x02"],
  ["time", 136, "0000000001 \0"],
  ["type", 156, "\0"],
  ["type", 156, "1"],
  ["type", 156, "2"],
  ["type", 156, "3"],
  ["type", 156, "5"],
  ["type", 156, "7"],
  ["type", 156, "x"],
  ["type", 156, "g"],
  ["type", 156, "L"],
  ["type", 156, "S"],
  ["link name", 157, "/etc/passwd"],
  ["magic", 257, "ustar  \0"],
  ["magic", 257, "\0\0\0\0\0\0\0\0"],
  ["owner name", 265, "root"],
  ["group name", 297, "root"],
  ["device number", 329, "000001 \0"],
  ["name prefix", 345, ".."],
  ["reserved part", 500, "tar\0"],
  ["name", 20, "hidden"],
])("refuses an entry whose %s is not normalised (byte %i: %j)", (field, offset, value) => {
  const odd = entry("dist/plugin.js", "ab", (header) => header.write(value, offset, "latin1"));
  expect(refused(archive(plugin, odd))).toBe(
    `dist/plugin.js: the ${field} in its header is not the one that bundles have`,
  );
});

it("refuses a wrong checksum", () => {
  const tar = archive(plugin, entry("dist/plugin.js", "ab"));
  tar.write("777777", plugin.length + 148);
  expect(refused(tar)).toContain("dist/plugin.js: the checksum");
});

it.each([
  "",
  "/etc/passwd",
  "../up",
  "a/../b",
  "a/./b",
  "./a",
  "a//b",
  "a/",
  "..",
  ".npmrc",
  "a/.b",
  "a.",
  "a./b",
  "-rf",
  "a\\b",
  "a b",
  "ünï",
  "a\u001b[31m",
  "a\u007f",
  "C:a",
  "a:stream",
  "a".repeat(100),
])("refuses the file name %j", (name) => {
  expect(refused(archive(plugin, entry(name, "")))).toContain("is not a file name that a bundle may hold");
});

it("takes a name of 99 bytes, and names that only begin like a device", () => {
  for (const name of ["console.js", "a/auxiliary", "com10", "a.con"]) {
    expect(read(archive(plugin, entry(name, ""))).ok).toBe(true);
  }
  expect(read(archive(plugin, entry("a".repeat(99), ""))).ok).toBe(true);
});

it("wants plugin.json first and the others in byte order, each once whatever its case", () => {
  expect(refused(archive())).toBe("it holds no plugin.json");
  expect(refused(archive(entry("a", ""), plugin))).toBe("its first file is a, not plugin.json");
  expect(refused(archive(plugin, entry("b", ""), entry("a", "")))).toBe("a: it comes after b, out of order");
  expect(refused(archive(plugin, plugin))).toBe("plugin.json: it cannot stand beside plugin.json");
  expect(refused(archive(plugin, entry("a", ""), entry("a", "")))).toBe("a: it cannot stand beside a");
  expect(refused(archive(plugin, entry("A", ""), entry("a", "")))).toBe("a: it cannot stand beside A");
});

it.each([
  ["a", "a/b", "a"],
  ["A", "a/b", "A"],
  ["Dir/a", "dir/b", "Dir/"],
  ["a/Dir/a", "a/dir/b", "a/Dir/"],
  ["plugin.json/a", undefined, "plugin.json"],
])("refuses files that no folder can hold together: %s, %s", (first, second, rival) => {
  const entries = [first, second].flatMap((name) => (name === undefined ? [] : [entry(name, "")]));
  expect(refused(archive(plugin, ...entries))).toBe(`${second ?? first}: it cannot stand beside ${rival}`);
});

it("takes files of one folder, and a folder that begins like a file", () => {
  const names = ["a/b/x", "a/b/y", "a/c", "ab", "ab.js"];
  expect(read(archive(plugin, ...names.map((name) => entry(name, "")))).ok).toBe(true);
});

it("ends after two zero blocks and nowhere else", () => {
  const tar = archive(plugin);
  expect(refused(Buffer.concat([tar, Buffer.alloc(512)]))).toBe("it does not end after two zero blocks");
  expect(refused(Buffer.concat([tar, plugin]))).toBe("it does not end after two zero blocks");
  expect(refused(tar.subarray(0, -1))).toBe("it does not end after two zero blocks");
  expect(refused(tar.subarray(0, -512))).toBe("it does not end after two zero blocks");
  expect(refused(tar.subarray(0, -1024))).toBe("it does not end after two zero blocks");
});

it("refuses bytes hidden in the padding, and a size that runs past the end", () => {
  const hidden = entry("a", "text");
  hidden.write("!", 1000);
  expect(refused(archive(plugin, hidden))).toBe("a: its padding is not zero");
  const long = entry("a", "text", (header) => header.write("0000100000 \0", 124));
  expect(refused(archive(plugin, long))).toContain("a: it is cut off at byte");
});

it("holds to its limits", () => {
  const tar = archive(plugin, entry("a", ""), entry("b", ""));
  expect(refused(tar, { ...BUNDLE_LIMITS, files: 2 })).toBe("it holds more than 2 files");
  expect(read(tar, { ...BUNDLE_LIMITS, files: 3 }).ok).toBe(true);
  expect(refused(tar, { ...BUNDLE_LIMITS, unpackedBytes: tar.length - 1 })).toContain("the limit is");
});

it("accepts one archive for each set of files: whatever it accepts is what would be written for it", () => {
  const tar = archive(entry("plugin.json", "{}"), entry("a", ""), entry("dist/plugin.js", "code"));
  const offset = fc.nat(tar.length - 1);
  const changes = fc.array(fc.tuple(offset, fc.nat(255)), { maxLength: 3 });
  const cases = fc.property(changes, offset, (bytes, header) => {
    const damaged = Buffer.from(tar);
    for (const [at, value] of bytes) damaged[at] = value;
    // With the checksum put right, damage to a header has to be found by other means.
    const start = header - (header % 512);
    withChecksum(damaged.subarray(start, start + 512));
    const files = read(damaged);
    const written = files.ok && archive(...[...files.value].map(([name, body]) => entry(name, body)));
    return !written || written.equals(damaged);
  });
  expect(() => fc.assert(cases, { numRuns: 3000 })).not.toThrow();
});

it("reads what the packer writes", () => {
  expect([...packed().files.keys()]).toEqual(["plugin.json", "LICENSES.txt", "dist/plugin.js"]);
});
