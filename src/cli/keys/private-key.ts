import { join, resolve } from "node:path";

import { TradsysError } from "../../domain/errors.ts";
import { generateKey, type KeyAlgorithm, localSigner, type Signer } from "../../signing/keys.ts";
import type { Io } from "../command.ts";
import { shownPath } from "../render.ts";

/** Largest private key and passphrase file that are read, in bytes. */
const MAX_KEY_BYTES = 64 * 1024;
const MAX_PASSPHRASE_BYTES = 4096;

export const KEY_FOLDER_OPTION = {
  dir: { type: "string", value: "DIR", description: "Where the key pair goes (default: keys)" },
} as const;

export const PASSPHRASE_OPTION = {
  "passphrase-file": {
    type: "string",
    value: "FILE",
    description:
      "File with the passphrase (default: TRADSYS_PASSPHRASE_FILE or TRADSYS_PASSPHRASE, else asked for)",
  },
} as const;

interface PassphraseFlags {
  readonly "passphrase-file"?: string | undefined;
}

/** A new key pair on disk. */
export interface NewKeyPair {
  readonly privateFile: string;
  readonly publicFile: string;
  readonly publicPem: string;
  readonly keyId: string;
  readonly encrypted: boolean;
}

interface KeyPairWish extends PassphraseFlags {
  readonly name: string;
  readonly dir?: string | undefined;
  readonly algorithm: KeyAlgorithm;
}

const KEY_NAME = /^[a-z0-9][a-z0-9._-]{0,59}$/;

/**
 * Makes a key pair and writes it, the private half for its owner only; then does what has to go with it.
 *
 * @param register What fails in it takes the pair away again: one that no policy knows would only block the next attempt.
 * @throws {TradsysError} `USAGE`, `KEY_EXISTS`, `CANNOT_WRITE`
 */
export async function writeKeyPair(
  io: Io,
  wish: KeyPairWish,
  register: (publicPem: string) => Promise<void>,
): Promise<NewKeyPair> {
  const { name, algorithm } = wish;
  if (!KEY_NAME.test(name)) {
    throw new TradsysError("USAGE", `\`${name}\` cannot name a key`, {
      hint: "Use up to 60 lower-case letters, digits, dots, dashes and underscores.",
    });
  }
  const folder = resolve(io.cwd, wish.dir ?? "keys");
  const [privateFile, publicFile] = [join(folder, `${name}.key`), join(folder, `${name}.pub`)];
  for (const file of [privateFile, publicFile]) {
    if ((await io.files.kind(file)) !== "missing") throw keyExists(file);
  }
  const passphrase = (await givenPassphrase(io, wish)) ?? (await newPassphrase(io));
  const { privatePem, publicPem, keyId } = generateKey({ algorithm, passphrase });
  const made: string[] = [];
  // Somebody else may have made one since.
  const make = async (file: string, pem: string, mode?: number): Promise<void> => {
    if (!(await io.files.create(file, pem, mode))) throw keyExists(file);
    made.push(file);
  };
  try {
    await make(privateFile, privatePem, 0o600);
    await make(publicFile, publicPem);
    await register(publicPem);
  } catch (error) {
    await Promise.all(made.map((file) => io.files.remove(file)));
    throw error;
  }
  return { privateFile, publicFile, publicPem, keyId, encrypted: passphrase !== undefined };
}

const keyExists = (file: string): TradsysError =>
  new TradsysError("KEY_EXISTS", "there is a key here, and a key is never overwritten", {
    hint: "Choose another name, or move the old key away.",
    location: { file },
  });

/** What a person reads of a new key pair. */
export const describeKeyPair = (
  { privateFile, publicFile, keyId, encrypted }: NewKeyPair,
  io: Io,
): string[] => [
  `private key  ${shownPath(privateFile, io.cwd)} (${encrypted ? "encrypted" : "not encrypted; set TRADSYS_PASSPHRASE to encrypt"})`,
  `public key   ${shownPath(publicFile, io.cwd)}`,
  `key id       ${keyId}`,
];

/**
 * A signer over a private key file. The passphrase is asked for only where the key needs one and none was given.
 *
 * @throws {TradsysError} `KEY_LOCKED`, `KEY_INVALID`
 */
export async function signerFrom(io: Io, file: string, flags: PassphraseFlags): Promise<Signer> {
  const pem = (await io.files.read(file, MAX_KEY_BYTES)).toString("utf8");
  try {
    const given = await givenPassphrase(io, flags);
    const ask = given === undefined && pem.includes("BEGIN ENCRYPTED PRIVATE KEY") ? io.askSecret : undefined;
    return localSigner(pem, (await ask?.(`Passphrase of ${shownPath(file, io.cwd)}: `)) ?? given);
  } catch (cause) {
    if (!(cause instanceof TradsysError)) throw cause;
    const hint =
      cause.code === "KEY_LOCKED"
        ? "Set TRADSYS_PASSPHRASE, or name a file that holds it with --passphrase-file."
        : "Use an Ed25519 or P-256 key, for example one made by `tradsys keys generate`.";
    throw new TradsysError(cause.code, cause.message, { hint, cause, location: { file } });
  }
}

/** From a file or the environment; never from the command line, which others can see. */
async function givenPassphrase(io: Io, flags: PassphraseFlags): Promise<string | undefined> {
  const file = flags["passphrase-file"] ?? io.env["TRADSYS_PASSPHRASE_FILE"];
  if (file === undefined) return io.env["TRADSYS_PASSPHRASE"];
  const text = await io.files.read(resolve(io.cwd, file), MAX_PASSPHRASE_BYTES);
  return text.toString("utf8").replace(/\r?\n$/, "");
}

/** Nobody can see what they type, so it is asked for twice. */
async function newPassphrase({ askSecret }: Io): Promise<string | undefined> {
  const passphrase = await askSecret?.("Passphrase (empty: do not encrypt): ");
  if (!askSecret || passphrase === undefined || passphrase === "") return undefined;
  if ((await askSecret("The same again: ")) === passphrase) return passphrase;
  throw new TradsysError("USAGE", "the two passphrases differ", { hint: "Try again." });
}
