import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, onTestFinished } from "vitest";

import { repository, tradsys } from "./command.ts";

/** Sample plugins that talk to nobody; together they make a working desk. */
const PLUGINS = [
  "connector-kraken-sim",
  "limit-position",
  "md-normaliser",
  "risk-core",
  "risk-rules-pretrade",
];

const templates = new Map<string, Promise<string>>();
const shared: string[] = [];
afterAll(async () => {
  for (const folder of shared) await rm(folder, { recursive: true, force: true });
});

/** An empty folder, removed when the test ends. */
export async function emptyFolder(): Promise<string> {
  const folder = await temporaryFolder();
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty folder, removed when all tests of the file have ended. */
export async function sharedFolder(): Promise<string> {
  const folder = await temporaryFolder();
  shared.push(folder);
  return folder;
}

/** A folder with plugin sources, signed bundles, a store that holds them, and `desk.yaml`, which asks for them all. */
export const publishedDesk = (): Promise<string> => copyOf("published", publish);

/** A published desk that was resolved, planned and applied once. */
export const activeDesk = (): Promise<string> => copyOf("active", activateIn);

/** An active desk with a newer limit in the store, resolved and planned but not applied. */
export const plannedDesk = (): Promise<string> => copyOf("planned", upgrade);

/**
 * An active desk whose trust policy names a risk key, and a plan that somebody else made for a change that it must
 * approve.
 */
export const reviewedDesk = (): Promise<string> =>
  copyOf("reviewed", async (folder) => {
    await publish(folder);
    await all(folder, ["keys generate risk --role risk --trust trust.yaml"]);
    await writeFile(
      join(folder, "desk.yaml"),
      `${await readFile(join(folder, "desk.yaml"), "utf8")}policy: { material: { approvals: [{ role: risk, count: 1 }] } }\n`,
    );
    await all(folder, ["resolve desk.yaml", "plan desk.yaml"]);
    const plan = await readFile(join(folder, "desk.plan.json"), "utf8");
    await writeFile(join(folder, "desk.plan.json"), plan.replace(/"author": "[^"]*"/, '"author": "dina"'));
  });

/** A desk with two generations, the newer one active. */
export const upgradedDesk = (): Promise<string> =>
  copyOf("upgraded", async (folder) => {
    await upgrade(folder);
    await all(folder, ["apply desk.plan.json"]);
  });

/** Runs command lines that must succeed, one after the other. */
export async function all(folder: string, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const { code, stderr } = await tradsys(folder, line);
    if (code !== 0) throw new Error(`\`tradsys ${line}\` ended with ${code}: ${stderr}`);
  }
}

/** Builds, signs and publishes a plugin folder of the desk. */
export async function release(folder: string, plugin: string, bundle: string): Promise<void> {
  await all(folder, [
    `build plugins/${plugin} --out bundles`,
    `sign bundles/${bundle}.tar.gz --key keys/ci.key`,
    `publish bundles/${bundle}.tar.gz`,
  ]);
}

interface PluginText {
  readonly name: string;
  readonly version?: string;
  /** The entry file; by default a plugin whose one facet does nothing. */
  readonly code?: string;
  /** More lines of the manifest. */
  readonly manifest?: string;
}

/** Code of a plugin with the facet `main` and these members of its handle. */
export const pluginCode = (handle = "", activate = ""): string => `
import { definePlugin } from "tradsys/plugin";

export default definePlugin({
  activate(context) {
    ${activate}
    return { main: { ${handle} } };
  },
});
`;

/** Writes `plugins/<name>`, a plugin named `@acme/<name>`, and returns the name of the bundle it will make. */
export async function writePlugin(
  folder: string,
  { name, version = "1.0.0", code = pluginCode(), manifest = "facets: { main: {} }" }: PluginText,
): Promise<string> {
  const target = join(folder, "plugins", name);
  await mkdir(join(target, "src"), { recursive: true });
  await writeFile(join(target, "src/index.ts"), code);
  await writeFile(
    join(target, "plugin.yaml"),
    `apiVersion: tradsys/plugin/v1
kind: strategy
name: "@acme/${name}"
version: ${version}
license: Apache-2.0
entry: src/index.ts
hostApi: ^3.0.0
node: ">=24.15"
${manifest}
`,
  );
  return `acme-${name}-${version}`;
}

/** A plugin whose one facet requires another plugin. */
export const requiring = (name: string, plugin: string, range: string) => ({
  name,
  manifest: `facets: { main: { requires: [{ plugin: "${plugin}", range: "${range}" }] } }`,
});

/** Writes a deployment of these plugins, each with any version. */
export async function writeDeployment(
  folder: string,
  file: string,
  plugins: Readonly<Record<string, string>>,
): Promise<void> {
  const entries = Object.entries(plugins).map(
    ([name, range]) => `  - { name: "${name}", range: "${range}" }\n`,
  );
  await writeFile(
    join(folder, file),
    `apiVersion: tradsys/deployment/v1\nname: desk\ntrust: trust.yaml\nplugins:\n${entries.join("")}`,
  );
}

/** Replaces text in a file, which must contain it. */
export async function edit(path: string, from: string, to: string): Promise<void> {
  const before = await readFile(path, "utf8");
  if (!before.includes(from)) throw new Error(`${path} does not contain ${from}`);
  await writeFile(path, before.replace(from, to));
}

/** Changes one byte of a file: of a bundle's checksum, so that what is told of it is the same for every bundle. */
export async function damage(path: string): Promise<void> {
  const bytes = await readFile(path);
  const place = bytes.length - 6;
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  await rm(path);
  await writeFile(path, bytes);
}

async function upgrade(folder: string): Promise<void> {
  await activateIn(folder);
  await edit(join(folder, "plugins/limit-position/plugin.yaml"), "version: 1.3.0", "version: 1.4.0");
  await release(folder, "limit-position", "tradsys-limit-position-1.4.0");
  await all(folder, ["resolve desk.yaml --upgrade", "plan desk.yaml"]);
}

async function activateIn(folder: string): Promise<void> {
  await publish(folder);
  await all(folder, ["resolve desk.yaml", "plan desk.yaml", "apply desk.plan.json"]);
}

async function publish(folder: string): Promise<void> {
  for (const plugin of PLUGINS) {
    await cp(join(repository, "manifests/plugins", plugin), join(folder, "plugins", plugin), {
      recursive: true,
      filter: (source) => !source.endsWith("/dist"),
    });
  }
  // What `npm install tradsys` would put here, without a copy of it.
  await mkdir(join(folder, "node_modules"));
  await symlink(repository, join(folder, "node_modules/tradsys"));
  await writeDeployment(
    folder,
    "desk.yaml",
    Object.fromEntries(PLUGINS.map((plugin) => [`@tradsys/${plugin}`, "*"])),
  );
  await all(folder, [
    `build ${PLUGINS.map((plugin) => `plugins/${plugin}`).join(" ")} --out bundles`,
    "keys generate ci --trust trust.yaml",
  ]);
  const bundles = (await bundlesOf(folder)).join(" ");
  await all(folder, [`sign ${bundles} --key keys/ci.key`, `publish ${bundles}`]);
}

/** The desk's bundles, as one would type them. */
async function bundlesOf(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, "bundles"));
  return names.filter((name) => name.endsWith(".tar.gz")).map((name) => `bundles/${name}`);
}

/** Makes each kind of desk once in a test file, and hands out copies that are removed when their test ends. */
async function copyOf(kind: string, make: (folder: string) => Promise<void>): Promise<string> {
  const template = templates.get(kind) ?? made(make);
  templates.set(kind, template);
  const folder = await emptyFolder();
  await cp(await template, folder, { recursive: true, verbatimSymlinks: true });
  return folder;
}

async function made(make: (folder: string) => Promise<void>): Promise<string> {
  const folder = await sharedFolder();
  await make(folder);
  return folder;
}

const temporaryFolder = async (): Promise<string> => realpath(await mkdtemp(join(tmpdir(), "tradsys-cli-")));
