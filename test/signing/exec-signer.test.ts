import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { execSigner } from "../../src/signing/exec-signer.ts";
import { generateKey, readPublicKey, verifies } from "../../src/signing/keys.ts";
import { signBundle } from "../../src/signing/sign.ts";
import { packed } from "../bundle/sample.ts";
import { ci } from "./cast.ts";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tradsys-exec-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A signer that is a few lines of JavaScript. */
const scripted = (code: string, ...args: string[]) =>
  execSigner({
    command: [process.execPath, "-e", code, ...args],
    publicKey: ci.signer.publicKey,
    env: {},
    timeoutMs: 20_000,
  });
const signing = (signer: ReturnType<typeof execSigner>) => signer.sign(Buffer.from("bytes"));
const failure = (why: string) => ({ code: "SIGNER_FAILED", message: expect.stringContaining(why) as string });

it("hands a program the bytes and takes what it writes", async () => {
  const answer = await signing(scripted("process.stdin.pipe(process.stdout)"));
  expect(answer.toString()).toBe("bytes");
});

it("gives a program its arguments as they are: there is no shell that could read them", async () => {
  const odd = ["$(touch pwned)", "a b", "'", "; exit 1", "*"];
  const answer = await signing(
    scripted("process.stdout.write(JSON.stringify(process.argv.slice(1)))", ...odd),
  );
  expect(JSON.parse(answer.toString())).toEqual(odd);
});

it("gives a program only the environment that it is given", async () => {
  const signer = execSigner({
    command: [process.execPath, "-p", "JSON.stringify(process.env.ONE + process.env.HOME)"],
    publicKey: ci.signer.publicKey,
    env: { ONE: "1" },
    timeoutMs: 20_000,
  });
  expect((await signing(signer)).toString().trim()).toBe('"1undefined"');
});

it("fails when a program fails, and repeats the last line of its complaint", async () => {
  const complaining = scripted('console.error("first\\nthe token is locked"); process.exit(3)');
  await expect(signing(complaining)).rejects.toMatchObject(
    failure("it ended with status 3: the token is locked"),
  );
});

it("fails when a program cannot be started, or says nothing, or says too much", async () => {
  const missing = execSigner({
    command: ["/no/such/program"],
    publicKey: ci.signer.publicKey,
    env: {},
    timeoutMs: 1000,
  });
  await expect(signing(missing)).rejects.toMatchObject(failure("it cannot be started"));
  await expect(signing(scripted(""))).rejects.toMatchObject(failure("it wrote no signature"));
  const chatty = scripted('for (;;) process.stdout.write("x".repeat(65536))');
  await expect(signing(chatty)).rejects.toMatchObject(failure("it wrote more than 1024 bytes"));
});

it("does not wait for a program that never ends, nor for a child that holds its output open", async () => {
  const timeoutMs = 300;
  const command = [process.execPath, "-e", "setInterval(() => {}, 1000)"] as const;
  const signer = execSigner({ command, publicKey: ci.signer.publicKey, env: {}, timeoutMs });
  await expect(signing(signer)).rejects.toMatchObject(failure("it did not answer within 300 ms"));
  const shell = ["/bin/sh", "-c", "sleep 20 & echo signature"] as const;
  const leaving = execSigner({ command: shell, publicKey: ci.signer.publicKey, env: process.env, timeoutMs });
  await expect(signing(leaving)).rejects.toMatchObject(failure("it did not answer within 300 ms"));
});

it("does not hand out an envelope with what a program says if that is no signature", async () => {
  const liar = scripted("process.stdout.write(Buffer.alloc(64, 7))");
  await expect(signBundle(packed(), liar, { role: "builder" })).rejects.toMatchObject({
    code: "KEY_INVALID",
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

it.skipIf(!hasOpenssl)("signs with openssl (skipped where there is none)", async () => {
  const folder = await temporaryFolder();
  const { privatePem, publicPem } = generateKey({ algorithm: "p256" });
  await writeFile(join(folder, "key.pem"), privatePem);
  const signer = execSigner({
    command: ["openssl", "dgst", "-sha256", "-sign", join(folder, "key.pem")],
    publicKey: readPublicKey(publicPem),
    env: process.env,
    timeoutMs: 20_000,
  });
  expect(await signBundle(packed(), signer, { role: "builder" })).toContain(signer.publicKey.id);
});

const MODULE =
  ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so"].find(existsSync) ?? "";
const hasSoftHsm = [MODULE !== "", found("softhsm2-util"), found("pkcs11-tool"), hasOpenssl].every(Boolean);
function found(program: string): boolean {
  return spawnSync(program, ["--help"]).error === undefined;
}

const PIN = "5678";
const WITH_TOKEN = ["--module", MODULE, "--token-label", "desk", "--login", "--pin", "env:TOKEN_PIN"];

/** A token in a folder of its own, and the environment in which programs find it. */
async function softToken() {
  const folder = await temporaryFolder();
  const env = {
    PATH: process.env["PATH"],
    SOFTHSM2_CONF: join(folder, "softhsm2.conf"),
    TOKEN_PIN: PIN,
  };
  await mkdir(join(folder, "tokens"));
  await writeFile(env.SOFTHSM2_CONF, `directories.tokendir = ${join(folder, "tokens")}\nlog.level = ERROR\n`);
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { env, stdio: "pipe" });
  run("softhsm2-util", "--init-token", "--free", "--label", "desk", "--so-pin", "1234", "--pin", PIN);

  /** Makes a key that never leaves the token, and reads its public half. */
  async function makeKey(type: string, id: string) {
    const publicFile = join(folder, `${id}.pub`);
    run("pkcs11-tool", ...WITH_TOKEN, "--keypairgen", "--key-type", type, "--id", id);
    run(
      "pkcs11-tool",
      ...WITH_TOKEN,
      "--read-object",
      "--type",
      "pubkey",
      "--id",
      id,
      "--output-file",
      publicFile,
    );
    const bytes = await readFile(publicFile);
    const isPem = bytes.toString("latin1").startsWith("-----");
    const der = isPem ? undefined : bytes.toString("base64");
    return readPublicKey(
      der === undefined ? bytes.toString() : `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`,
    );
  }
  return { folder, env, makeKey };
}

it.skipIf(!hasSoftHsm)(
  "signs with an Ed25519 key that a PKCS#11 token holds (skipped without SoftHSM and OpenSC)",
  async () => {
    const { env, makeKey } = await softToken();
    const publicKey = await makeKey("EC:edwards25519", "02");
    const command = ["pkcs11-tool", ...WITH_TOKEN, "--sign", "--mechanism", "EDDSA", "--id", "02"] as const;
    const signer = execSigner({ command, publicKey, env, timeoutMs: 20_000 });
    expect(verifies(publicKey, Buffer.from("bytes"), await signing(signer))).toBe(true);
    expect(await signBundle(packed(), signer, { role: "release" })).toContain(publicKey.id);

    const locked = execSigner({ command, publicKey, env: { ...env, TOKEN_PIN: "0000" }, timeoutMs: 20_000 });
    await expect(signBundle(packed(), locked, { role: "release" })).rejects.toMatchObject({
      code: "SIGNER_FAILED",
    });
  },
);

it.skipIf(!hasSoftHsm)(
  "signs with a P-256 key of a token that only signs digests, by a script around it (skipped without SoftHSM and OpenSC)",
  async () => {
    const { folder, env, makeKey } = await softToken();
    const publicKey = await makeKey("EC:prime256v1", "01");
    const script = join(folder, "sign.sh");
    const tool = `pkcs11-tool ${WITH_TOKEN.join(" ")} --sign --mechanism ECDSA --signature-format openssl --id 01`;
    await writeFile(script, `#!/bin/sh\nset -e\nopenssl dgst -sha256 -binary | ${tool}\n`);
    await chmod(script, 0o755);
    const signer = execSigner({ command: [script], publicKey, env, timeoutMs: 20_000 });
    expect(await signBundle(packed(), signer, { role: "risk" })).toContain(publicKey.id);
  },
);
