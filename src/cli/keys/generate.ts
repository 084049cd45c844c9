import { resolve } from "node:path";

import { TradsysError } from "../../domain/errors.ts";
import type { TrustedKey } from "../../domain/trust.ts";
import { withKey, withThreshold } from "../../manifest/trust-file.ts";
import { KEY_ALGORITHMS } from "../../signing/keys.ts";
import { defineCommand, type Io, oneOf } from "../command.ts";
import { ROLE_OPTION, roleOf } from "../options.ts";
import { shownPath } from "../render.ts";
import { readPolicyFile, writePolicy } from "./policy.ts";
import { describeKeyPair, KEY_FOLDER_OPTION, PASSPHRASE_OPTION, writeKeyPair } from "./private-key.ts";

export const generateCommand = defineCommand({
  usage: "generate <name>",
  example: "tradsys keys generate ci --dir keys --trust trust.yaml",
  options: {
    ...KEY_FOLDER_OPTION,
    trust: {
      type: "string",
      value: "FILE",
      description: "Also add the key to this trust policy, made if missing",
    },
    ...ROLE_OPTION,
    require: {
      type: "boolean",
      default: false,
      description: "Also ask every bundle for a signature in this role; a builder key always does",
    },
    algorithm: {
      type: "string",
      value: "NAME",
      description: "ed25519 or p256 (default: ed25519)",
      choices: KEY_ALGORITHMS,
    },
    ...PASSPHRASE_OPTION,
  },
  positionals: [1, 1],

  async run({ flags, args: [name = ""] }, io) {
    const role = roleOf(flags);
    const algorithm = oneOf(KEY_ALGORITHMS, flags.algorithm ?? "ed25519", "kind of key");
    const trustFile = flags.trust === undefined ? undefined : resolve(io.cwd, flags.trust);
    if (trustFile !== undefined) await refuseTakenName(io, trustFile, name);
    const pair = await writeKeyPair(io, { ...flags, name, algorithm }, async (publicKey) => {
      if (trustFile === undefined) return;
      // Other roles also approve plans, which is no reason to ask bundles for their signature.
      const isRequired = role === "builder" || flags.require;
      await addKey(io, trustFile, { key: { name, role, publicKey }, isRequired });
    });
    const { keyId, privateFile, publicFile, encrypted } = pair;
    return {
      data: { keyId, algorithm, privateKey: privateFile, publicKey: publicFile, role, encrypted },
      lines: [
        ...describeKeyPair(pair, io),
        ...(trustFile === undefined ? [] : [`trusted in   ${shownPath(trustFile, io.cwd)}, as ${role}`]),
      ],
    };
  },
});

/** Told before a key is made, and before anyone is asked for a passphrase. */
async function refuseTakenName(io: Io, file: string, name: string): Promise<void> {
  if ((await io.files.kind(file)) === "missing") return;
  const { policy } = await readPolicyFile(io, file);
  if (!policy.keys.some((key) => key.name === name)) return;
  throw new TradsysError("KEY_EXISTS", `the trust policy has a key named ${name} already`, {
    hint: "Choose another name.",
    location: { file },
  });
}

async function addKey(
  io: Io,
  file: string,
  { key, isRequired }: { readonly key: TrustedKey; readonly isRequired: boolean },
): Promise<void> {
  const exists = (await io.files.kind(file)) !== "missing";
  const text = withKey(exists ? (await readPolicyFile(io, file)).text : undefined, key);
  // A policy that asks for nothing trusts nothing.
  await writePolicy(io, file, isRequired || !exists ? withThreshold(text, key.role) : text);
}
