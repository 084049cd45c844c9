import { resolve } from "node:path";

import { TradsysError } from "../../domain/errors.ts";
import { parseTrust } from "../../manifest/parse.ts";
import { withKey } from "../../manifest/trust-file.ts";
import { generateKey } from "../../signing/keys.ts";
import { defineCommand, type Io } from "../command.ts";
import { readDocument } from "../documents.ts";
import { passphraseOf, privateKeyFile, publicKeyFile, ROLE_OPTION, roleOf } from "../options.ts";
import { shownPath } from "../render.ts";

const KEY_NAME = /^[a-z0-9][a-z0-9._-]{0,59}$/;

export const keysCommand = defineCommand({
  usage: "generate <name>",
  example: "tradsys keys generate ci --dir keys --trust trust.yaml",
  options: {
    dir: { type: "string", value: "DIR", description: "Where the key pair goes (default: keys)" },
    trust: {
      type: "string",
      value: "FILE",
      description: "Also add the key to this trust policy, made if missing",
    },
    ...ROLE_OPTION,
  },
  positionals: [2, 2],
  choices: ["generate"],

  async run({ flags, args }, io) {
    const [action, name = ""] = args;
    if (action !== "generate") {
      throw new TradsysError("USAGE", `\`keys ${action}\` is not known`, {
        hint: "Write `tradsys keys generate <name>`.",
      });
    }
    if (!KEY_NAME.test(name)) {
      throw new TradsysError("USAGE", `\`${name}\` cannot name a key`, {
        hint: "Use up to 60 lower-case letters, digits, dots, dashes and underscores.",
      });
    }
    const role = roleOf(flags);
    const folder = resolve(io.cwd, flags.dir ?? "keys");
    const [privateFile, publicFile] = [privateKeyFile(folder, name), publicKeyFile(folder, name)];
    for (const file of [privateFile, publicFile]) {
      if ((await io.files.kind(file)) === "missing") continue;
      throw new TradsysError("KEY_EXISTS", "there is a key here, and a key is never overwritten", {
        hint: "Choose another name, or move the old key away.",
        location: { file },
      });
    }
    const passphrase = await passphraseOf(io);
    const pair = generateKey(passphrase);
    const trustFile = flags.trust === undefined ? undefined : resolve(io.cwd, flags.trust);
    const policy =
      trustFile === undefined
        ? undefined
        : await trustedText(io, trustFile, { name, role, publicKey: pair.publicPem });
    try {
      await io.files.write(privateFile, pair.privatePem, 0o600);
      await io.files.write(publicFile, pair.publicPem);
      if (trustFile !== undefined && policy !== undefined) await io.files.write(trustFile, policy);
    } catch (error) {
      // A pair that the policy does not know would only block the next attempt.
      await Promise.all([privateFile, publicFile].map((file) => io.files.remove(file)));
      throw error;
    }

    const lock = passphrase === undefined ? "not encrypted; set TRADSYS_PASSPHRASE to encrypt" : "encrypted";
    return {
      data: {
        keyId: pair.keyId,
        privateKey: privateFile,
        publicKey: publicFile,
        role,
        encrypted: passphrase !== undefined,
      },
      lines: [
        `private key  ${shownPath(privateFile, io.cwd)} (${lock})`,
        `public key   ${shownPath(publicFile, io.cwd)}`,
        `key id       ${pair.keyId}`,
        ...(trustFile === undefined ? [] : [`trusted in   ${shownPath(trustFile, io.cwd)}, as ${role}`]),
      ],
    };
  },
});

/** The policy with one key more, checked before anything is written. */
async function trustedText(io: Io, file: string, key: Parameters<typeof withKey>[1]): Promise<string> {
  const exists = (await io.files.kind(file)) !== "missing";
  if (!exists) return withKey(undefined, key);
  const { value: policy } = await readDocument(io, file, parseTrust);
  if (policy.keys.some(({ name }) => name === key.name)) {
    throw new TradsysError("KEY_EXISTS", `the trust policy has a key named ${key.name} already`, {
      hint: "Choose another name.",
      location: { file },
    });
  }
  return withKey((await io.files.read(file, 1024 * 1024)).toString("utf8"), key);
}
