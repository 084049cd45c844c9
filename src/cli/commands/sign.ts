import { resolve } from "node:path";

import { openBundle } from "../../bundle/open.ts";
import { TradsysError } from "../../domain/errors.ts";
import { settleAll } from "../../domain/settle.ts";
import { localSigner, type Signer } from "../../signing/keys.ts";
import { signBundle } from "../../signing/sign.ts";
import { readBundleFile } from "../bundles.ts";
import { defineCommand } from "../command.ts";
import { short } from "../documents.ts";
import { ENVELOPE_SUFFIX, passphraseOf, ROLE_OPTION, roleOf } from "../options.ts";
import { shownPath } from "../render.ts";

/** Largest private key file that is read, in bytes. */
const MAX_KEY_BYTES = 64 * 1024;

export const signCommand = defineCommand({
  usage: "<bundle>... --key FILE",
  example: "tradsys sign bundles/*.tar.gz --key keys/ci.key",
  options: {
    key: { type: "string", value: "FILE", description: "Private key, PKCS#8 in PEM" },
    ...ROLE_OPTION,
  },
  positionals: [1, Infinity],

  async run({ flags, args }, io) {
    if (flags.key === undefined) {
      throw new TradsysError("USAGE", "no key named", {
        hint: "Add --key keys/ci.key; `tradsys keys generate ci` makes one.",
      });
    }
    const role = roleOf(flags);
    const keyFile = resolve(io.cwd, flags.key);
    const pem = (await io.files.read(keyFile, MAX_KEY_BYTES)).toString("utf8");
    const signer = unlocked(pem, await passphraseOf(io), keyFile);
    const signed = await settleAll(
      args.map(async (file) => {
        const { path, bytes } = await readBundleFile(io, file);
        const bundle = openBundle(bytes, { file: shownPath(path, io.cwd) });
        const envelope = await signBundle(bundle, signer, { role });
        return {
          bundle,
          envelope,
          target: `${path}.${short(signer.publicKey.id)}-${role}${ENVELOPE_SUFFIX}`,
        };
      }),
    );
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

/** A locked key is opened from the environment, which only the command line knows. */
function unlocked(pem: string, passphrase: string | undefined, file: string): Signer {
  try {
    return localSigner(pem, passphrase);
  } catch (cause) {
    if (!(cause instanceof TradsysError)) throw cause;
    const hint =
      cause.code === "KEY_LOCKED"
        ? "Set TRADSYS_PASSPHRASE, or TRADSYS_PASSPHRASE_FILE to a file that holds it."
        : "Use an Ed25519 or P-256 key, for example one made by `tradsys keys generate`.";
    throw new TradsysError(cause.code, cause.message, { hint, cause, location: { file } });
  }
}
