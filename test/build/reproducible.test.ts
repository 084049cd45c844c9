import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { buildPlugin } from "../../src/build/build-plugin.ts";
import { parsePlugin } from "../../src/manifest/parse.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { execute, repository, tradsysJson } from "../support/command.ts";

const plugin = join(repository, "manifests/plugins/connector-binance");
const program = join(import.meta.dirname, "print-content.ts");
const shuffled = join(import.meta.dirname, "shuffled-folders.ts");

let work = "";
let expected = "";
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "tradsys-reproducible-"));
  await symlink(join(repository, "node_modules"), join(work, "node_modules"));
  expected = await printed(plugin);
});
afterAll(() => rm(work, { recursive: true, force: true }));

interface Surroundings {
  readonly node?: string;
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What the program prints of a plugin in these surroundings. */
async function printed(
  folder: string,
  { node = process.execPath, options = [], env = {} }: Surroundings = {},
) {
  const { code, stdout, stderr } = await execute(node, [...options, program, folder], { cwd: work, env });
  expect({ code, stderr: stderr.replaceAll(/^\(.*\n/gm, "") }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

it.each(["022", "077"])("builds the same from a copy made under umask %s", async (umask) => {
  const folder = join(work, `a longer path/umask-${umask}`);
  await mkdir(dirname(folder), { recursive: true });
  const script = `umask ${umask} && cp -R "$1" "$2" && exec "$3" "$4" "$2"`;
  const { code, stdout } = await execute(
    "sh",
    ["-c", script, "sh", plugin, folder, process.execPath, program],
    {
      cwd: work,
    },
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: expected });
});

it.each([
  { TZ: "America/New_York", LC_ALL: "C" },
  { TZ: "Asia/Kathmandu", LC_ALL: "tr_TR.UTF-8" },
  { TZ: "UTC", LC_ALL: "sv_SE.UTF-8" },
])("builds the same in zone $TZ and locale $LC_ALL", async (env) => {
  expect(await printed(plugin, { env })).toBe(expected);
});

it("builds the same whatever order folders are listed in", async () => {
  expect(await printed(plugin, { options: ["--import", shuffled] })).toBe(expected);
});

/** Another Node.js where there is one: `node26` on the PATH, or what TRADSYS_NODE26 names. */
const node26 = process.env["TRADSYS_NODE26"] ?? "node26";
const version26 = spawnSync(node26, ["--version"], { encoding: "utf8" }).stdout ?? "";

it.skipIf(!version26.startsWith("v26."))(
  "builds the same on Node.js 26 (skipped without node26 on the PATH)",
  async () => {
    expect(await printed(plugin, { node: node26 })).toBe(expected);
  },
);

it("builds the same from what pnpm installs", async () => {
  const folder = join(work, "pnpm");
  await cp(plugin, folder, { recursive: true });
  await installAsPnpm(folder);
  expect(await printed(folder)).toBe(expected);
});

/**
 * Lays out what the connector needs as pnpm does: each package once, under `.pnpm/<name>@<version>`, with links to
 * those that it depends on beside it; and one link to what the plugin itself depends on.
 */
async function installAsPnpm(folder: string): Promise<void> {
  const parsed = parsePlugin(await readFile(join(plugin, "plugin.yaml"), "utf8"), "plugin.yaml");
  if (!parsed.ok) throw new Error("the manifest is invalid");
  const { metafile, packageFolders } = await buildPlugin(parsed.value.value, plugin, nodeFiles);
  const inputs = Object.keys(metafile.inputs).map((input) => resolve(plugin, input));
  const packages = await Promise.all(
    packageFolders
      .filter((path) => path.includes("node_modules"))
      .map(async (path) => {
        const json = JSON.parse(await readFile(join(path, "package.json"), "utf8")) as {
          name: string;
          version: string;
          dependencies?: Record<string, string>;
        };
        const modules = join(
          folder,
          "node_modules/.pnpm",
          `${json.name.replace("/", "+")}@${json.version}`,
          "node_modules",
        );
        return { ...json, path, modules };
      }),
  );
  for (const { name, path, modules, dependencies = {} } of packages) {
    const nested = join(path, "node_modules");
    const own = inputs.filter((input) => input.startsWith(`${path}/`) && !input.startsWith(nested));
    const wanted = own.flatMap((input) => [input, `${input}.map`]);
    const wantedFolders = new Set(wanted.map((input) => dirname(input)));
    await cp(path, join(modules, name), {
      recursive: true,
      filter: (source) =>
        !source.startsWith(nested) &&
        (wanted.some((input) => input === source || input.startsWith(`${source}/`)) ||
          (/^(?:package\.json|licen[cs]e.*)$/i.test(basename(source)) &&
            (dirname(source) === path || wantedFolders.has(dirname(source))))),
    });
    for (const other of packages.filter((each) => each.name !== name && each.name in dependencies)) {
      const link = join(modules, other.name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(relative(dirname(link), join(other.modules, other.name)), link);
    }
  }
  const ccxt = packages.find(({ name }) => name === "ccxt");
  await symlink(
    relative(join(folder, "node_modules"), join(ccxt?.modules ?? "", "ccxt")),
    join(folder, "node_modules/ccxt"),
  );
}

/** The content digest of every plugin that is built. */
async function contentsOf(line: string) {
  const { code, data } = await tradsysJson(work, line);
  expect(code).toBe(0);
  return (data as readonly { name: string; content: string }[]).map(({ name, content }) => [name, content]);
}

it("builds the same one after the other and all at once, in whatever order they are named", async () => {
  const all = join(repository, "manifests/plugins");
  const serial = await contentsOf(`build ${all} --jobs 1 --out serial`);
  expect(serial).toHaveLength((await readdir(all)).length);
  expect(serial.find(([name]) => name === "@tradsys/connector-binance")?.[1]).toBe(expected.split(" ")[0]);
  const [risk, binance] = ["risk-core", "connector-binance"].map((name) => join(all, name));
  expect(await contentsOf(`build ${binance} ${risk} ${all} --jobs 6 --out parallel`)).toEqual(serial);
});
