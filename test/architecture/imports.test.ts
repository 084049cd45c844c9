import { glob, readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";

import { build } from "esbuild";
import { expect, it } from "vitest";

import { repository } from "../support/command.ts";

/** What the process that trades may load. */
const RUNTIME_BUILTINS = [
  "node:async_hooks",
  "node:child_process",
  "node:crypto",
  "node:fs",
  "node:fs/promises",
  "node:module",
  "node:os",
  "node:path",
  "node:perf_hooks",
  "node:timers/promises",
  "node:url",
  "node:v8",
  "node:vm",
  "node:worker_threads",
  "node:zlib",
];
const RUNTIME_FOLDERS = ["bundle", "domain", "platform", "plugin", "runtime", "signing", "store"];

/** Packages that no start may wait for: `tradsys validate` is what authors run at every save. */
const SLOW = new Set(["esbuild", "execa", "tar", "ws"]);

it("lets the runtime reach no build-time package and no folder that decides or builds", async () => {
  const { packages, builtins, folders } = await reach("src/runtime/index.ts");
  expect(packages).toEqual([]);
  expect(RUNTIME_BUILTINS).toEqual(expect.arrayContaining(builtins));
  expect(RUNTIME_FOLDERS).toEqual(expect.arrayContaining(folders));
});

it("lets what plugins import reach nothing else", async () => {
  const { packages, builtins, folders } = await reach("src/plugin/index.ts");
  expect({ packages, builtins, folders }).toEqual({
    packages: [],
    builtins: ["node:timers/promises"],
    folders: ["plugin"],
  });
});

it("lets validate wait for no bundler", async () => {
  const { packages } = await reach("src/cli/commands/validate.ts");
  expect(packages.filter((name) => SLOW.has(name))).toEqual([]);
});

it("lets a build of what has not changed wait for no bundler and no parser", async () => {
  const { packages } = await reach("src/cli/commands/build.ts");
  expect(packages).toEqual([]);
});

it("lets the command line start without any command's packages", async () => {
  const { packages } = await reach("src/cli/main.ts");
  expect(packages).toEqual([]);
});

it("sees a forbidden import where there is one", async () => {
  const { packages, folders } = await reach("src/build/build-plugin.ts");
  expect(packages).toEqual(["esbuild", "tar"]);
  expect(folders).toContain("build");
});

it("has at most one AsyncLocalStorage", async () => {
  expect((await occurrences(/new AsyncLocalStorage\b/g)).slice(1)).toEqual([]);
});

/** Everything that is loaded before the first line of a module runs. */
async function reach(
  entry: string,
): Promise<Readonly<Record<"packages" | "builtins" | "folders", string[]>>> {
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const loaded = new Set([entry]);
  const outside = new Set<string>();
  for (const path of loaded) {
    for (const imported of metafile.inputs[path]?.imports ?? []) {
      if (imported.kind === "dynamic-import") continue;
      if (imported.external) outside.add(imported.path);
      else loaded.add(imported.path);
    }
  }
  const builtins = [...outside].filter((path) => isBuiltin(path));
  const packages = [...outside].filter((path) => !isBuiltin(path)).map(packageOf);
  const folders = [...loaded].map((path) => path.split("/")[1] ?? "");
  return { packages: unique(packages), builtins: unique(builtins), folders: unique(folders) };
}

const packageOf = (specifier: string): string =>
  specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

const unique = (names: readonly string[]): string[] => [...new Set(names)].toSorted();

/** `file:line` of every place in the sources that matches. */
async function occurrences(pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for await (const file of glob("src/**/*.ts", { cwd: repository })) {
    const text = await readFile(join(repository, file), "utf8");
    for (const { index } of text.matchAll(pattern)) {
      found.push(`${file}:${text.slice(0, index).split("\n").length}`);
    }
  }
  return found;
}
