/** The whole flow on real plugins against a simulated venue, as a newcomer would type it. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { styleText } from "node:util";

const repository = dirname(dirname(import.meta.dirname));
const began = performance.now();
const folder = await mkdtemp(join(tmpdir(), "tradsys-demo-"));
const bin = join(folder, "node_modules", ".bin");

const say = (text = ""): void => console.log(text);
const heading = (text: string): void => say(`\n${styleText("bold", `— ${text}`)}\n`);

await layOut();
const port = await freePort();
await replaceIn("paper-desk.yaml", /127\.0\.0\.1:18080/g, `127.0.0.1:${port}`);
const venue = await startVenue();
try {
  await tour();
} finally {
  venue.kill();
  await once(venue, "exit");
}

async function tour(): Promise<void> {
  say(`Everything below happens in ${folder}`);
  heading("Two exchange connectors, a normaliser, a risk manager, its rules and limits");
  await type("npx tradsys validate plugins/*/plugin.yaml paper-desk.yaml platform.yaml");
  await type("npx build-plugin plugins/* --out bundles");

  heading("Signed with a key of our own, trusted by a policy that we wrote, put into a store");
  await type("npx tradsys keys generate ci --trust trust.yaml");
  await type("npx tradsys sign bundles/*.tar.gz --key keys/ci.key");
  await type("npx tradsys verify bundles/*.tar.gz");
  await type("npx tradsys publish bundles/*.tar.gz");

  heading("A deployment says what should run: a compatible set, an order, one switch");
  await type("npx tradsys resolve paper-desk.yaml");
  await type("npx tradsys plan paper-desk.yaml");
  await type("npx tradsys apply paper-desk.plan.json");
  await type("npx tradsys preload");

  heading("A trading process: market data, an order that passes the risk checks, one that the limit denies");
  await type("npx node desk.mjs");

  heading("A new release of the limit");
  await replaceIn("plugins/limit-position/plugin.yaml", /version: 1\.3\.0/, "version: 1.4.0");
  await replaceIn("plugins/limit-position/plugin.yaml", /maxLong: "0\.1"/, 'maxLong: "0.3"');
  say(
    "(plugins/limit-position/plugin.yaml: version 1.4.0, and a higher default, so that both orders pass)\n",
  );
  await type("npx build-plugin plugins/limit-position --out bundles");
  await type("npx tradsys sign bundles/tradsys-limit-position-1.4.0.tar.gz --key keys/ci.key");
  await type("npx tradsys publish bundles/tradsys-limit-position-1.4.0.tar.gz");
  await type("npx tradsys resolve paper-desk.yaml --upgrade");
  await type("npx tradsys plan paper-desk.yaml");
  await type("npx tradsys apply paper-desk.plan.json");
  await type("npx node desk.mjs");

  heading("And back");
  await type("npx tradsys rollback");
  await type("npx tradsys status");
  await type("npx node desk.mjs");

  heading("One byte of a stored bundle is changed: nothing loads it");
  const undo = await flipByteOf("@tradsys/risk-core");
  await type("npx tradsys preload", 77);
  await undo();
  await type("npx tradsys preload --quiet");

  say(`\nDone in ${((performance.now() - began) / 1000).toFixed(1)} s. Everything is still there:\n`);
  say(`  cd ${folder}`);
  say(`  npx node venue.mjs ${port} &      # the simulated venue`);
  say("  npx tradsys --help\n");
}

/** A folder as a user would have it: sources, a deployment, an installed package. */
async function layOut(): Promise<void> {
  await cp(join(repository, "manifests/plugins"), join(folder, "plugins"), {
    recursive: true,
    filter: (source) => !source.endsWith("/dist"),
  });
  await cp(join(repository, "manifests/deployments"), folder, { recursive: true });
  await cp(join(import.meta.dirname, "files"), folder, { recursive: true });
  await mkdir(join(folder, "secrets"));
  await writeFile(join(folder, "secrets/binance-api-key"), "demo-key\n", { mode: 0o600 });
  await writeFile(join(folder, "secrets/binance-api-secret"), "demo-secret\n", { mode: 0o600 });
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  // What `npm install tradsys ccxt node@24` would put here, without a second copy of it.
  await mkdir(bin, { recursive: true });
  await symlink(repository, join(folder, "node_modules/tradsys"));
  await symlink(join(repository, "node_modules/ccxt"), join(folder, "node_modules/ccxt"));
  await symlink(join(repository, "dist/cli/tradsys.js"), join(bin, "tradsys"));
  await symlink(join(repository, "dist/cli/build-plugin.js"), join(bin, "build-plugin"));
  await symlink(process.execPath, join(bin, "node"));
}

/** Runs a command line in the folder and shows it with its output. `npx` itself is left out: it takes longer than what it starts. */
async function type(line: string, expected = 0): Promise<void> {
  say(styleText("cyan", `$ ${line}`));
  const start = performance.now();
  const { code, output } = await shell(line.replace(/^npx /, ""));
  say(output.trimEnd());
  say(styleText("dim", `  (${Math.round(performance.now() - start)} ms)`));
  say();
  if (code !== expected) throw new Error(`\`${line}\` ended with ${code}, not ${expected}`);
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}`, NO_COLOR: "1" };
}

function shell(line: string): Promise<{ code: number; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; output: string }>();
  execFile("sh", ["-c", `${line} 2>&1`], { cwd: folder, env: environment() }, (error, stdout) => {
    resolve({ code: typeof error?.code === "number" ? error.code : error ? 1 : 0, output: stdout });
  });
  return promise;
}

async function startVenue(): Promise<ChildProcess> {
  const child = spawn(join(bin, "node"), ["venue.mjs", String(port)], {
    cwd: folder,
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => Promise.reject(new Error("the simulated venue did not start"))),
  ]);
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return found;
}

async function replaceIn(file: string, pattern: RegExp, replacement: string): Promise<void> {
  const path = join(folder, file);
  const before = await readFile(path, "utf8");
  const after = before.replace(pattern, replacement);
  if (after === before) throw new Error(`${file} does not contain ${pattern}`);
  await writeFile(path, after);
}

/** Changes one byte in the middle of a plugin's stored bundle; returns what puts it back. */
async function flipByteOf(plugin: string): Promise<() => Promise<void>> {
  const { output } = await shell(`tradsys show ${plugin} --json`);
  const shown = JSON.parse(output) as { data: [{ blob: string }] };
  const path = join(folder, ".tradsys/store/blobs", ...shown.data[0].blob.split(":"));
  const good = await readFile(path);
  const bad = Buffer.from(good);
  const middle = bad.length >> 1;
  bad.writeUInt8(bad.readUInt8(middle) ^ 1, middle);
  await rm(path);
  await writeFile(path, bad);
  say(styleText("dim", `(byte ${middle} of ${path.slice(folder.length + 1)})\n`));
  return () => writeFile(path, good);
}
