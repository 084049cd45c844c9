import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { execute, expectGolden, refusal, tradsys, tradsysJson, typed } from "../support/command.ts";
import {
  activeDesk,
  all,
  damage,
  edit,
  emptyFolder,
  pluginCode,
  publishedDesk,
  writePlugin,
} from "../support/desk.ts";

const BUNDLE = "bundles/tradsys-md-normaliser-1.9.1.tar.gz";
const today = new Date().toISOString().slice(0, 10);

/** Lines that a file has now and had not before. */
const added = (before: string, after: string): string[] =>
  after.split("\n").filter((line) => !before.split("\n").includes(line));

it("rotates a key: the new one counts from today, the old one until then, and people's notes stay", async () => {
  const folder = await publishedDesk();
  const trust = join(folder, "trust.yaml");
  await edit(trust, "  - name: ci", "  # The build farm in Frankfurt. Ask Mei.\n  - name: ci");
  await edit(trust, "    role: builder", '    role: builder # not release\n    pattern: "@tradsys/"');
  const before = await readFile(trust, "utf8");
  const { stdout } = await tradsys(folder, "keys rotate ci --until 2099-12-31");
  expect(stdout).toContain(`ci counts until 2099-12-31, ci-2 from ${today}`);

  const after = await readFile(trust, "utf8");
  for (const line of before.split("\n")) expect(after).toContain(line);
  expect(added(before, after).filter((line) => !/^ {6}/.test(line))).toEqual([
    "    notAfter: 2099-12-31",
    "  - name: ci-2",
    "    role: builder",
    `    notBefore: ${today}`,
  ]);
  // Everything that limits the old key limits the new one.
  expect(after.match(/pattern: "?@tradsys\/"?/g)).toHaveLength(2);
  expect((await tradsys(folder, "validate trust.yaml")).code).toBe(0);
  await all(folder, [`sign ${BUNDLE} --key keys/ci-2.key`, `verify ${BUNDLE}`]);
});

it("ends an old key today where nothing else is said, and does not stop what is active", async () => {
  const folder = await activeDesk();
  await all(folder, ["keys rotate ci --as farm", "preload", `verify ${BUNDLE}`]);
  expect(await readFile(join(folder, "trust.yaml"), "utf8")).toContain(`notAfter: ${today}`);
  await edit(join(folder, "trust.yaml"), `notAfter: ${today}`, "notAfter: 2020-01-01");
  expect((await tradsys(folder, `verify ${BUNDLE}`)).stderr.replaceAll(/\s+/g, " ")).toContain(
    "the signature of ci does not count: it was valid until 2020-01-01; it needs 1 more builder signature, by farm",
  );
});

it.for([
  { golden: "keys/rotate-unknown", line: "keys rotate cy", code: 66 },
  { golden: "keys/rotate-past", line: "keys rotate ci --until 2020-01-01", code: 64 },
  { golden: "keys/rotate-bad-day", line: "keys rotate ci --until tomorrow", code: 65 },
  { golden: "keys/rotate-taken", line: "keys rotate ci --as ci", code: 73 },
  { golden: "keys/revoke-unknown", line: "keys revoke cy --reason lost", code: 66 },
  { golden: "keys/revoke-no-reason", line: "keys revoke ci", code: 64 },
  { golden: "keys/show-unknown", line: "keys show cy", code: 66 },
  { golden: "keys/option-of-another", line: "keys list --reason lost", code: 64 },
  { golden: "keys/unknown-algorithm", line: "keys generate new --algorithm rsa", code: 64 },
  { golden: "sign/exec-no-key", line: `sign ${BUNDLE} --exec openssl`, code: 64 },
  { golden: "sign/exec-missing", line: `sign ${BUNDLE} --exec ./no-such --public-key keys/ci.pub`, code: 1 },
  { golden: "sign/exec-liar", line: `sign ${BUNDLE} --exec echo --public-key keys/ci.pub`, code: 65 },
])("refuses $line", async ({ line, golden, code }) => {
  expect(await refusal(await publishedDesk(), line, { golden })).toBe(code);
});

it("revokes a key in a policy, and tells what then cannot be reached", async () => {
  const folder = await publishedDesk();
  await edit(join(folder, "trust.yaml"), "keys:", "# Reviewed every quarter\nkeys:");
  expect((await tradsys(folder, `keys revoke ci --reason stolen`)).stderr).toContain("THRESHOLD_UNREACHABLE");
  const text = await readFile(join(folder, "trust.yaml"), "utf8");
  expect(text).toContain("# Reviewed every quarter");
  expect(text).toMatch(/revoked:\n {2}keys:\n {4}- name: ci\n {6}reason: stolen\n/);
  expect((await tradsys(folder, `verify ${BUNDLE}`)).stderr).toContain("it is revoked: stolen");
  expect((await tradsys(folder, `keys revoke ci --reason again`)).stdout).toContain("was revoked already");
});

it("revokes a bundle in a root at once: it is active, and does not start again", async () => {
  const folder = await activeDesk();
  const { data } = await tradsysJson(folder, "preload");
  const { content } = (data as { plugins: { content: string }[] }).plugins[0] ?? { content: "" };
  await all(folder, ["preload"]);
  const { stdout, code } = await tradsys(folder, `keys revoke ${content} --reason leaks --root .tradsys`);
  expect([code, stdout]).toEqual([0, expect.stringContaining("is active and will not start again")]);
  for (const command of ["preload", "run", "plan desk.yaml"]) {
    const refused = await tradsys(folder, command);
    expect([refused.code, refused.stderr.replaceAll(/\s+/g, " ")]).toEqual([
      77,
      expect.stringContaining("is revoked: leaks"),
    ]);
  }
});

const idIn = (text: string) => /key id +(sha256:[0-9a-f]{64})/.exec(text)?.[1];

it("lists and shows keys", async () => {
  const folder = await publishedDesk();
  await all(folder, [
    "keys generate officer --role risk --algorithm p256 --trust trust.yaml",
    "keys revoke officer --reason left",
  ]);
  const { stdout } = await tradsys(folder, "keys list");
  expect(stdout).toMatch(/^ci {7}builder {2}ed25519 {2}[0-9a-f]{12} {2}every plugin {2}it counts$/m);
  expect(stdout).toMatch(/^officer {2}risk {5}p256 {5}[0-9a-f]{12} {2}every plugin {2}it is revoked: left$/m);
  const shown = await tradsys(folder, "keys show ci");
  const fromFile = await tradsys(folder, "keys show keys/ci.pub");
  expect(shown.stdout).toContain("BEGIN PUBLIC KEY");
  expect(idIn(shown.stdout)).toBeDefined();
  expect(idIn(fromFile.stdout)).toBe(idIn(shown.stdout));
});

it("signs with P-256 keys, with several keys, and with a program, each in a file of its own", async () => {
  const folder = await publishedDesk();
  await all(folder, [
    "keys generate desk --role release --require --algorithm p256 --trust trust.yaml",
    `sign ${BUNDLE} --key keys/desk.key --role release`,
    "keys generate officer --role risk --algorithm p256 --trust trust.yaml",
    `sign ${BUNDLE} --role risk --public-key keys/officer.pub --exec openssl ` +
      "--exec-arg=dgst --exec-arg=-sha256 --exec-arg=-sign --exec-arg=keys/officer.key",
  ]);
  expect((await tradsys(folder, `verify ${BUNDLE}`)).stdout.replaceAll(/\s+/g, " ")).toMatch(
    /is signed by( (ci \(builder\)|desk \(release\)|officer \(risk\)),?){3} $/,
  );
});

/** Ends the process, with a status of its own, at the first thing that would reach for the network. */
const DENY_NET = `
import net from "node:net"; import dgram from "node:dgram"; import dns from "node:dns";
const denied = (what) => () => { process.stderr.write("reached for " + what + "\\n"); process.exit(99); };
net.Socket.prototype.connect = net.Server.prototype.listen = denied("a socket");
dgram.createSocket = denied("a datagram");
for (const name of ["lookup", "resolve", "resolve4", "resolve6"]) dns[name] = dns.promises[name] = denied("a name");
`;

it("threat 26: verifies without a socket, a process, or a file written", async () => {
  const folder = await publishedDesk();
  const hook = `data:text/javascript,${encodeURIComponent(DENY_NET)}`;
  const guard = ["--permission", "--allow-fs-read=*", `--import=${hook}`];
  const guarded = (...args: string[]) => execute(process.execPath, [...guard, ...args], { cwd: folder });
  // The guard works: the first thing that reaches out, by address or by name, ends it.
  expect(await guarded("-e", 'fetch("http://127.0.0.1:9999")')).toMatchObject({ code: 99 });
  expect(await guarded("-e", 'fetch("http://localhost.localdomain")')).toMatchObject({ code: 99 });

  expect(await guarded(...typed(`verify ${BUNDLE}`))).toMatchObject({ code: 0, stderr: "" });
  await damage(join(folder, BUNDLE));
  expect(await guarded(...typed(`verify ${BUNDLE}`))).toMatchObject({ code: 65 });
  expect(await guarded(...typed("verify desk.yaml"))).toMatchObject({ code: 77 });
});

it("tells the five statuses, apart for damage and for want of trust", async () => {
  const folder = await publishedDesk();
  const copy = async (name: string, envelopes: boolean) => {
    await cp(join(folder, BUNDLE), join(folder, name));
    if (!envelopes) return;
    const { data } = await tradsysJson(folder, `sign ${BUNDLE} --key keys/ci.key`);
    const [{ envelope }] = data as [{ envelope: string }];
    await cp(envelope, join(folder, `${name}.ci.sigstore.json`));
  };
  const statusOf = async (file: string) => {
    const { code, data } = await tradsysJson(folder, `verify ${file}`);
    return [(data as [{ status: string }])[0].status, code];
  };
  await copy("modified.tar.gz", true);
  await damage(join(folder, "modified.tar.gz"));
  await copy("unsigned.tar.gz", false);
  await copy("invalid.tar.gz", false);
  await writeFile(join(folder, "invalid.tar.gz.x.sigstore.json"), "{}");
  await copy("untrusted.tar.gz", false);
  await all(folder, ["keys generate stranger", "sign untrusted.tar.gz --key keys/stranger.key"]);
  expect(await statusOf(BUNDLE)).toEqual(["signed", 0]);
  expect(await statusOf("unsigned.tar.gz")).toEqual(["unsigned", 77]);
  expect(await statusOf("modified.tar.gz")).toEqual(["modified", 65]);
  expect(await statusOf("invalid.tar.gz")).toEqual(["invalid", 65]);
  expect(await statusOf("untrusted.tar.gz")).toEqual(["untrusted", 77]);
});

it("lets run what is not signed under a policy that warns, and says so each time", async () => {
  const folder = await publishedDesk();
  await rm(join(folder, ".tradsys"), { recursive: true });
  await rm(join(folder, BUNDLE));
  await all(folder, ["build plugins/md-normaliser --out plain"]);
  const plain = BUNDLE.replace("bundles", "plain");
  await edit(join(folder, "trust.yaml"), "keys:", "mode: warn\nkeys:");
  const { code, stderr } = await expectGolden(folder, `verify ${plain}`, { golden: "verify/warn" });
  expect([code, stderr]).toEqual([0, expect.stringContaining("warning[NOT_SIGNED]")]);

  const bundles = (await tradsys(folder, "list")).code;
  expect(bundles).toBe(66);
  const others = [
    "connector-kraken-sim-1.6.2",
    "limit-position-1.3.0",
    "risk-core-4.2.0",
    "risk-rules-pretrade-2.3.0",
  ];
  await all(folder, [
    `publish ${plain} ${others.map((name) => `bundles/tradsys-${name}.tar.gz`).join(" ")}`,
    "resolve desk.yaml",
  ]);
  for (const line of ["plan desk.yaml", "apply desk.plan.json", "preload", "run --for 100ms"]) {
    const ended = await tradsys(folder, line);
    expect([line, ended.code, ended.stderr]).toEqual([
      line,
      0,
      expect.stringContaining("warning[NOT_SIGNED]"),
    ]);
  }
});

it("threat 23: names, reasons and files steer neither the terminal nor a pipeline", async () => {
  const folder = await publishedDesk();
  const steering = "\u001b[2J\u202egpj\r\n::error file=x::owned";
  // YAML refuses such characters as they are, and takes them escaped.
  const escaped = JSON.stringify(steering).replaceAll("\u202e", "\\u202e");
  await writePlugin(folder, {
    name: "odd",
    manifest: `description: ${escaped}\nfacets: { main: {} }`,
  });
  await all(folder, ["build plugins/odd --out bundles"]);
  const odd = "bundles/acme-odd-1.0.0.tar.gz";
  const envelope = `{"mediaType":${JSON.stringify(steering)}}`;
  await writeFile(join(folder, `${odd}.x.sigstore.json`), envelope);
  const { data } = await tradsysJson(folder, `sign ${odd} --key keys/ci.key`);
  const [{ content }] = data as [{ content: string }];
  const trust = await readFile(join(folder, "trust.yaml"), "utf8");
  const withReason = (reason: string) =>
    writeFile(
      join(folder, "trust.yaml"),
      `revoked: { digests: [{ digest: "${content}", reason: ${reason} }] }\n${trust}`,
    );
  await withReason(escaped);
  const refused = await tradsys(folder, `verify ${odd}`);
  expect([refused.code, refused.stderr]).toEqual([65, expect.stringContaining("FIELD_VALUE")]);
  // What fits on a line is let through, and must be harmless wherever it is broken.
  await withReason(JSON.stringify(`lost ${"::error::owned ".repeat(12)}##[error]owned`));
  await all(folder, [`publish ${odd}`]);
  const lines = [
    `verify ${odd}`,
    `verify ${odd} --json`,
    "show @acme/odd",
    "show @acme/odd --json",
    "keys list",
  ];
  for (const line of lines) {
    const { stdout, stderr } = await tradsys(folder, line);
    expect(stdout + stderr).not.toBe("");
    expect(stdout + stderr).not.toMatch(/[^\P{C}\n]/u);
    expect(stdout + stderr).not.toMatch(/^\s*::|##\[/m);
  }
});

it("threat 24: builds again from source, and shows the first file and byte that differ", async () => {
  const folder = await publishedDesk();
  const entry = join(folder, "plugins/md-normaliser/src/index.ts");
  expect((await tradsys(folder, `verify ${BUNDLE} --rebuild plugins/md-normaliser`)).stdout).toContain(
    `rebuilt ${BUNDLE} to the byte from plugins/md-normaliser`,
  );
  const original = await readFile(entry, "utf8");
  await writeFile(entry, `${original}\n;(globalThis as Record<string, unknown>)["x"] = 1;\n`);
  const differs = await tradsys(folder, `verify ${BUNDLE} --rebuild plugins/md-normaliser`);
  expect([differs.code, differs.stderr.replaceAll(/\s+/g, " ")]).toEqual([
    1,
    expect.stringMatching(/REBUILD_DIFFERS.*dist\/plugin\.js differs from byte \d+ on.*other sources/),
  ]);
});

const hasScript = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

it.skipIf(!hasScript)(
  "asks for a passphrase on a terminal and does not show it (skipped where there is no `script`)",
  async () => {
    const folder = await emptyFolder();
    await writePlugin(folder, { name: "plain", code: pluginCode() });
    const generated = await onTerminal(folder, "keys generate ci", ["correct horse", "correct horse"]);
    expect(generated).toContain("(encrypted)");
    expect(generated).not.toContain("horse");
    expect(await readFile(join(folder, "keys/ci.key"), "utf8")).toContain("ENCRYPTED");
    expect((await stat(join(folder, "keys/ci.key"))).mode & 0o777).toBe(0o600);

    expect(await onTerminal(folder, "keys generate other", ["one", "two"])).toContain(
      "the two passphrases differ",
    );
    expect(await onTerminal(folder, "keys generate plain", [""])).toContain("not encrypted");
    expect(await onTerminal(folder, "keys generate none", ["\u0003"])).toContain("no passphrase was given");
    const published = await publishedDesk();
    await cp(join(folder, "keys/ci.key"), join(published, "keys/mine.key"));
    expect(await onTerminal(published, `sign ${BUNDLE} --key keys/mine.key`, ["correct horse"])).toContain(
      "signed as",
    );
    expect(await onTerminal(published, `sign ${BUNDLE} --key keys/mine.key`, ["wrong"])).toContain(
      "KEY_LOCKED",
    );
  },
);

/** What a person sees on a terminal who answers each question with the next line. */
async function onTerminal(folder: string, line: string, answers: readonly string[]): Promise<string> {
  const command = [process.execPath, ...typed(line)].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd: folder,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let seen = "";
  let answered = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    seen += chunk.toString();
    const asked = seen.match(/(?:Passphrase[^:]*:(?: do not encrypt\):)?|again:) /g)?.length ?? 0;
    while (answered < Math.min(asked, answers.length)) child.stdin.write(`${answers[answered++]}\r`);
  });
  await once(child, "close");
  return seen;
}
