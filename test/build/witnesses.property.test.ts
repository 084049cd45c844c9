import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import * as fc from "fast-check";
import { expect, it } from "vitest";

import { buildPlugin } from "../../src/build/build-plugin.ts";
import { Witnessing, witnessLicenses, witnessSources, stillHold } from "../../src/build/witnesses.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { nodeLook } from "../../src/platform/look.ts";
import { folderWith, manifestWith } from "./plugin-folder.ts";

const PACKAGE = (fields: object): string => JSON.stringify({ name: "dep", version: "1.0.0", ...fields });

/** Where a tree begins: one import of each kind. */
const START = {
  "src/index.ts":
    'import a from "./a";\nimport b from "./b/c.js";\nimport dep from "dep";\nimport sub from "dep/sub";\nlet o;\ntry { o = require("absent"); } catch {}\nexport default { activate: () => [a, b, dep, sub, o] };\n',
  "src/a/index.ts": "export default 'folder';",
  "src/b/c.ts": "export default 'typescript';",
  "node_modules/dep/package.json": PACKAGE({ main: "lib/main" }),
  "node_modules/dep/lib/main.js": "module.exports = 'main';",
  "node_modules/dep/sub/index.js": "module.exports = 'sub';",
};

/** What may be written: places that some lookup passes, and one that none does. */
const PLACES: readonly (readonly [path: string, text: (n: number) => string])[] = [
  ["src/index.ts", (n) => `${START["src/index.ts"]}// ${n}`],
  ["src/a.ts", (n) => `export default 'file ${n}';`],
  ["src/a.js", (n) => `export default 'script ${n}';`],
  ["src/a/index.js", (n) => `export default 'index.js ${n}';`],
  ["src/a/index.ts", (n) => `export default 'folder ${n}';`],
  ["src/a/package.json", (n) => JSON.stringify({ main: `other${n}.js` })],
  ["src/a/other0.js", (n) => `export default 'other ${n}';`],
  ["src/b/c.js", (n) => `export default 'javascript ${n}';`],
  [
    "src/package.json",
    (n) => JSON.stringify({ type: n % 2 === 0 ? "module" : "commonjs", sideEffects: false }),
  ],
  [
    "package.json",
    (n) => JSON.stringify({ name: "own", version: `${n}.0.0`, type: n % 2 === 0 ? "module" : "commonjs" }),
  ],
  [
    "node_modules/dep/package.json",
    (n) => PACKAGE({ main: n % 2 === 0 ? "lib/other" : "lib/main", version: `1.${n}.0` }),
  ],
  ["node_modules/dep/lib/other.js", (n) => `module.exports = 'other ${n}';`],
  ["node_modules/dep/lib/main.js", (n) => `module.exports = 'main ${n}';`],
  ["node_modules/dep/lib/main", (n) => `module.exports = 'no extension ${n}';`],
  ["node_modules/dep/lib/main/index.js", (n) => `module.exports = 'main folder ${n}';`],
  ["node_modules/dep/sub.js", (n) => `module.exports = 'sub file ${n}';`],
  ["node_modules/dep/LICENSE", (n) => `Licence ${n}`],
  ["node_modules/absent/index.js", (n) => `module.exports = 'present ${n}';`],
  ["src/node_modules/dep/index.js", (n) => `module.exports = 'nearer ${n}';`],
  ["src/node_modules/dep/sub.js", (n) => `module.exports = 'nearer sub ${n}';`],
  ["docs/unrelated.md", (n) => `Text ${n}`],
];

const change = fc.record({
  place: fc.nat(PLACES.length - 1),
  /** Absent: the file is removed. */
  text: fc.option(fc.nat(3)),
});

it("says that nothing has changed only where the same would be built", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 4 }),
      fc.array(change, { minLength: 1, maxLength: 2 }),
      async (before, after) => {
        await using folder = await folderWith(START);
        for (const each of before) await apply(each, folder.path);
        const first = await built(folder.path);
        if (first === undefined) return;
        for (const each of after) await apply(each, folder.path);
        const isHeld = stillHold(first.witnesses, folder.path, nodeLook);
        const content = isHeld ? (await built(folder.path))?.content : first.content;
        expect(content).toBe(first.content);
      },
    ),
    { numRuns: 150 },
  );
});

async function built(folder: string) {
  try {
    const { content, metafile, packageFolders } = await buildPlugin(manifestWith(), folder, nodeFiles);
    const now = new Witnessing(nodeLook);
    witnessSources(now, metafile, folder);
    witnessLicenses(now, packageFolders);
    return { content, witnesses: now.from(folder) };
  } catch {
    return undefined;
  }
}

/** Where a file stands in the way of a folder, or the other way round, nothing happens. */
async function apply(
  { place, text }: { readonly place: number; readonly text: number | null },
  folder: string,
) {
  const [path, textOf] = PLACES[place] ?? ["", String];
  const file = join(folder, path);
  try {
    if (text === null) await rm(file, { recursive: true, force: true });
    else {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, textOf(text));
    }
  } catch {
    // ENOTDIR or EISDIR.
  }
}

it("holds while only what no import can lead to changes", async () => {
  await using folder = await folderWith(START);
  const first = await built(folder.path);
  await writeFile(join(folder.path, "README.md"), "Read me");
  const isHeld = (): boolean | undefined => first && stillHold(first.witnesses, folder.path, nodeLook);
  expect(isHeld()).toBe(false);
  await rm(join(folder.path, "README.md"));
  expect(isHeld()).toBe(true);
  await mkdir(join(folder.path, "docs/deep"), { recursive: true });
  expect(isHeld()).toBe(false);
});

it("sees a link that leads somewhere else", async () => {
  await using folder = await folderWith({
    "src/index.ts": 'import x from "./linked/x.js";\nexport default { activate: () => x };\n',
    "one/x.js": "export default 1;",
    "two/x.js": "export default 2;",
  });
  const link = join(folder.path, "src/linked");
  await symlink("../one", link);
  const first = await built(folder.path);
  await rm(link);
  await symlink("../two", link);
  expect(first && stillHold(first.witnesses, folder.path, nodeLook)).toBe(false);
});
