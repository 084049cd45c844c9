import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import * as fc from "fast-check";
import { extract, list, type ReadEntry } from "tar";
import { expect, it } from "vitest";

import { readArchive } from "../../src/bundle/archive.ts";
import { readBundle } from "../../src/bundle/open.ts";
import { BUNDLE_LIMITS } from "../../src/domain/bundle.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { generateKey } from "../../src/signing/keys.ts";
import { gzip, packed } from "../bundle/sample.ts";
import { archive, entry } from "../bundle/tar.ts";
import { contentsOf, repository, tradsysJson } from "../support/command.ts";
import { temporaryFolder } from "../support/root.ts";
import { bombs } from "./bombs.ts";
import { hostileGzips, otherCompressions } from "./gzip-members.ts";
import { honest, hostileTars } from "./hostile-tars.ts";

/** What becomes of a bundle: whether its form is refused, or a file in it, or else its content. */
function verdict(bytes: Buffer): string {
  const bundle = readBundle(bytes);
  return bundle.ok ? `accepted ${bundle.value.content}` : bundle.error.kind;
}
const accepted = `accepted ${sha256(honest)}`;

const named = (made: ReadonlyMap<string, () => Buffer>) => [...made].map(([what, make]) => ({ what, make }));

it("starts from an archive that is accepted", () => {
  expect(verdict(gzip(honest))).toBe(accepted);
  expect(sha256(honest)).toBe(packed().content);
});

it.each(named(hostileTars))("threats 15, 16: refuses $what", ({ make }) => {
  expect(verdict(gzip(make()))).toBe("malformed");
});

it.each(named(hostileGzips))("threat 16: refuses $what", ({ make }) => {
  expect(verdict(make())).toBe("malformed");
});

it.each(named(otherCompressions))(
  "threat 16: takes an archive compressed $what for the same bundle",
  ({ make }) => {
    expect(verdict(make())).toBe(accepted);
  },
);

it.each(["publish", "sign --key ci.key"])(
  "threat 15: `tradsys %s` writes nothing for any of them",
  async (command) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "ci.key"), generateKey().privatePem);
    const files = [
      ...[...hostileTars.values()].map((make) => gzip(make())),
      ...[...hostileGzips.values()].map((make) => make()),
    ];
    for (const [i, bytes] of files.entries()) await writeFile(join(folder, `${i}.tar.gz`), bytes);
    const before = await contentsOf(folder);
    const { code, diagnostics } = await tradsysJson(
      folder,
      `${command} ${files.map((_, i) => `${i}.tar.gz`).join(" ")}`,
    );
    expect(code).toBe(65);
    expect(diagnostics.map((found) => found.code)).toEqual(files.map(() => "BUNDLE_INVALID"));
    expect(await contentsOf(folder)).toEqual(before);
  },
);

it("threat 16: refuses a bundle changed in any one way, or finds the same in it", () => {
  const good = gzip(honest);
  const place = fc.nat(good.length);
  const slice = fc.tuple(place, place).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  const change = fc.oneof(
    fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
      const bytes = Buffer.from(good);
      bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
      return bytes;
    }),
    fc
      .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 600 }))
      .map(([at, more]) => Buffer.concat([good.subarray(0, at), more, good.subarray(at)])),
    slice.map(([from, to]) => Buffer.concat([good.subarray(0, from), good.subarray(to)])),
    slice.map(([from, to]) => Buffer.concat([good.subarray(0, to), good.subarray(from)])),
  );
  fc.assert(
    fc.property(change, (bytes) => {
      expect(["malformed", accepted]).toContain(verdict(bytes));
    }),
    { numRuns: 3000 },
  );
});

/** Files by name as a bundle may hold them, `plugin.json` first and the others in order. */
const fileSets = fc
  .dictionary(
    fc
      .array(fc.stringMatching(/^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,30}[A-Za-z0-9_-])?$/), {
        minLength: 1,
        maxLength: 3,
      })
      .map((parts) => parts.join("/")),
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(0, 511, 512, 513, 5000).map((size) => new Uint8Array(size).fill(65)),
    ),
    { maxKeys: 6, noNullPrototype: true },
  )
  .map(
    (files) =>
      new Map([
        ["plugin.json", Buffer.from("{}")],
        ...Object.entries(files)
          .map(([name, body]) => [name, Buffer.from(body)] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ]),
  )
  .map((files) => ({ files, tar: archive(...[...files].map(([name, body]) => entry(name, body))) }))
  .filter(({ tar }) => readArchive(tar, BUNDLE_LIMITS).ok);

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

/** Other readers of tar, each with a way to unpack a file into a folder. */
const readers = [
  { name: "GNU tar", isHere: has("tar"), unpack: external("tar") },
  { name: "libarchive", isHere: has("bsdtar"), unpack: external("bsdtar") },
  {
    name: "npm's tar",
    isHere: true,
    async unpack(file: string, folder: string): Promise<string[]> {
      const names: string[] = [];
      await list({ file, strict: true, onReadEntry: ({ path }: ReadEntry) => void names.push(path) });
      await extract({ file, cwd: folder, strict: true });
      return names;
    },
  },
];

function external(program: string) {
  return async (file: string, folder: string): Promise<string[]> => {
    const listed = spawnSync(program, ["-tf", file], { encoding: "utf8" });
    const unpacked = spawnSync(program, ["-xf", file, "-C", folder], { encoding: "utf8" });
    expect(listed.stderr + unpacked.stderr).toBe("");
    return listed.stdout.trim().split("\n");
  };
}

it.for(readers)(
  "threat 16: $name finds in a bundle what we find (skipped where it is absent)",
  async ({ isHere, unpack }, { skip }) => {
    if (!isHere) skip();
    const folder = await temporaryFolder();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fileSets, async ({ files, tar }) => {
        const target = join(folder, String(count++));
        await mkdir(target);
        await writeFile(`${target}.tar.gz`, gzip(tar));
        expect(await unpack(`${target}.tar.gz`, target)).toEqual([...files.keys()]);
        const found = await readdir(target, { recursive: true, withFileTypes: true });
        expect(found.filter((each) => !each.isDirectory())).toHaveLength(files.size);
        for (const [name, body] of files) expect(await readFile(join(target, name))).toEqual(body);
      }),
      { numRuns: 25 },
    );
  },
);

/**
 * Opens a bundle in a process of its own, and tells what was said and how much memory that ever had, in MiB. Not what
 * `getrusage` says: that starts from the memory of the process which forked it.
 */
async function opened(bytes: Buffer): Promise<{ said: string; peak: number }> {
  const file = join(await temporaryFolder(), "bundle.tar.gz");
  await writeFile(file, bytes);
  const script = `
    import { readFileSync } from "node:fs";
    import { nodeFiles, openBundle } from ${JSON.stringify(join(repository, "dist/index.js"))};
    const bytes = await nodeFiles.read(process.argv[1], ${BUNDLE_LIMITS.packedBytes}).catch(({ code }) => console.log(code));
    try { if (bytes) console.log(openBundle(bytes, { file: "it" }).content); } catch ({ message }) { console.log(message); }
    console.log(/VmHWM:\\s*(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  `;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script, file], {
    encoding: "utf8",
    timeout: 20_000,
  });
  const [said = "", peak = ""] = stdout.trim().split("\n");
  return { said, peak: Number(peak) / 1024 };
}

it.skipIf(process.platform !== "linux").each(named(bombs))(
  "threat 17: refuses $what within 150 MiB, Node.js included (skipped where the system does not tell)",
  async ({ make }) => {
    const { said, peak } = await opened(make());
    expect(said).toMatch(/^(?:it is not a bundle: |FILE_TOO_LARGE)/);
    expect(peak).toBeLessThan(150);
    expect(peak).toBeGreaterThan(20);
  },
);
