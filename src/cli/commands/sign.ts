import { resolve } from "node:path";

import { openBundle } from "../../bundle/open.ts";
import { TradsysError } from "../../domain/errors.ts";
import { settleAll } from "../../domain/settle.ts";
import { execSigner } from "../../signing/exec-signer.ts";
import { readPublicKey, type Signer } from "../../signing/keys.ts";
import { signBundle } from "../../signing/sign.ts";
import { readBundleFile } from "../bundles.ts";
import { defineCommand, type Io } from "../command.ts";
import { short } from "../documents.ts";
import { PASSPHRASE_OPTION, signerFrom } from "../keys/private-key.ts";
import { durationOf, ENVELOPE_SUFFIX, ROLE_OPTION, roleOf } from "../options.ts";
import { shownPath } from "../render.ts";

/** Largest public key file that is read, in bytes. */
const MAX_PUBLIC_KEY_BYTES = 4096;

export const signCommand = defineCommand({
  usage: "<bundle>... --key FILE",
  example: "tradsys sign bundles/*.tar.gz --key keys/ci.key",
  options: {
    key: { type: "string", value: "FILE", description: "Private key, PKCS#8 in PEM" },
    ...PASSPHRASE_OPTION,
    exec: {
      type: "string",
      value: "PROGRAM",
      description:
        "Sign with a program instead: it reads the bytes from stdin and writes the signature to stdout",
    },
    "exec-arg": {
      type: "string",
      multiple: true,
      value: "ARG",
      description: "Argument of the program, as --exec-arg=ARG; once for each, in order",
    },
    "exec-timeout": {
      type: "string",
      value: "TIME",
      description: "How long a signature may take (default: 1m)",
    },
    "public-key": {
      type: "string",
      value: "FILE",
      description: "Public half of the key that the program signs with",
    },
    ...ROLE_OPTION,
  },
  positionals: [1, Infinity],

  async run({ flags, args }, io) {
    const role = roleOf(flags);
    const signer = await signerOf(io, flags);
    const opened = await settleAll(
      args.map(async (file) => {
        const { path, bytes } = await readBundleFile(io, file);
        const bundle = openBundle(bytes, { file: shownPath(path, io.cwd) });
        return { path, bundle };
      }),
    );
    // One after the other: a hardware module has one session, and people watch it.
    const signed = [];
    for (const { path, bundle } of opened) {
      io.progress(`signing ${bundle.manifest.name}@${bundle.manifest.version}`);
      const envelope = await signBundle(bundle, signer, { role });
      signed.push({
        bundle,
        envelope,
        target: `${path}.${short(signer.publicKey.id)}-${role}${ENVELOPE_SUFFIX}`,
      });
    }
    // Written only once all of them could be signed.
    for (const { target, envelope } of signed) await io.files.write(target, envelope);
    return {
      data: signed.map(({ bundle: { manifest, content }, target }) => ({
        name: manifest.name,
        version: manifest.version,
        content,
        envelope: target,
      })),
      lines: signed.map(
        ({ bundle: { manifest }, target }) =>
          `${manifest.name}@${manifest.version} signed as ${role} → ${shownPath(target, io.cwd)}`,
      ),
    };
  },
});

interface SignerFlags {
  readonly key?: string | undefined;
  readonly exec?: string | undefined;
  readonly "exec-arg"?: string[] | undefined;
  readonly "exec-timeout"?: string | undefined;
  readonly "public-key"?: string | undefined;
  readonly "passphrase-file"?: string | undefined;
}

/** A private key file, or a program that holds the key. */
async function signerOf(io: Io, flags: SignerFlags): Promise<Signer> {
  const { key, exec, "exec-arg": args = [], "exec-timeout": timeout = "1m", "public-key": publicKey } = flags;
  if (key !== undefined && exec === undefined) return signerFrom(io, resolve(io.cwd, key), flags);
  if (key !== undefined || exec === undefined) {
    throw new TradsysError(
      "USAGE",
      key === undefined ? "no key named" : "--key and --exec exclude each other",
      {
        hint: "Add --key keys/ci.key; `tradsys keys generate ci` makes one.",
      },
    );
  }
  if (publicKey === undefined) {
    throw new TradsysError("USAGE", "--exec needs the public half of the program's key", {
      hint: "Add --public-key keys/hsm.pub, the key as the trust policy has it.",
    });
  }
  const pem = (await io.files.read(resolve(io.cwd, publicKey), MAX_PUBLIC_KEY_BYTES)).toString("utf8");
  return execSigner({
    command: [exec, ...args],
    publicKey: readPublicKey(pem),
    env: programEnvironment(io),
    timeoutMs: durationOf(timeout),
  });
}

/** The program may need what configures its key service, but not the passphrases of our own keys. */
const programEnvironment = ({ env }: Io): Io["env"] =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("TRADSYS_PASSPHRASE")));
