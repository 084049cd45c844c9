import { TradsysError } from "../../domain/errors.ts";
import type { TrustPolicy } from "../../domain/trust.ts";
import { withSuccessor } from "../../manifest/trust-file.ts";
import { algorithmName, readPublicKey } from "../../signing/keys.ts";
import { dayOf } from "../../signing/trust.ts";
import { defineCommand } from "../command.ts";
import { TRUST_OPTION, trustFile } from "../options.ts";
import { shownPath } from "../render.ts";
import { keyNamed, readPolicyFile, writePolicy } from "./policy.ts";
import { describeKeyPair, KEY_FOLDER_OPTION, PASSPHRASE_OPTION, writeKeyPair } from "./private-key.ts";

export const rotateCommand = defineCommand({
  usage: "rotate <name>",
  example: "tradsys keys rotate ci --until 2026-12-31 --trust trust.yaml",
  options: {
    ...TRUST_OPTION,
    ...KEY_FOLDER_OPTION,
    as: { type: "string", value: "NAME", description: "Name of the new key (default: <name>-2, and so on)" },
    until: {
      type: "string",
      value: "DAY",
      description: "Last day on which the old key counts (default: today)",
    },
    ...PASSPHRASE_OPTION,
  },
  positionals: [1, 1],

  async run({ flags, args: [name = ""] }, io) {
    const policyFile = await readPolicyFile(io, trustFile(io, flags));
    const { file, text, policy } = policyFile;
    const old = keyNamed(policyFile, name);
    const today = dayOf(io.now());
    const notAfter = flags.until ?? today;
    refuseEnded(old.notAfter ?? notAfter, { name, notAfter, today });
    const successor = flags.as ?? nextName(policy, name);
    // Everything that limits the old key limits the new one.
    const { notAfter: _ended, publicKey: oldKey, ...limits } = old;
    const algorithm = algorithmName(readPublicKey(oldKey));

    const pair = await writeKeyPair(io, { ...flags, name: successor, algorithm }, async (publicKey) => {
      const key = { ...limits, name: successor, publicKey, notBefore: today };
      await writePolicy(io, file, withSuccessor(text, { name, notAfter, successor: key }));
    });
    const { keyId, privateFile, publicFile, encrypted } = pair;
    return {
      data: {
        old: { name, notAfter },
        new: { name: successor, keyId, algorithm, privateKey: privateFile, publicKey: publicFile, encrypted },
      },
      lines: [
        ...describeKeyPair(pair, io),
        `rotated in   ${shownPath(file, io.cwd)}: ${name} counts until ${notAfter}, ${successor} from ${today}`,
        "",
        `What is active stays. Sign what is to be applied after ${notAfter} with ${successor}.`,
      ],
    };
  },
});

function refuseEnded(
  ends: string,
  { name, notAfter, today }: { readonly name: string; readonly notAfter: string; readonly today: string },
): void {
  if (notAfter < today) {
    throw new TradsysError("USAGE", `${notAfter} is past`, {
      hint: "A key that must not count for the past either is revoked: `tradsys keys revoke`.",
    });
  }
  if (ends >= notAfter) return;
  throw new TradsysError("USAGE", `${name} ends on ${ends} already`, {
    hint: "Make a key of its own with `tradsys keys generate`, or choose an earlier day.",
  });
}

/** `ci` is followed by `ci-2`, and that by `ci-3`. */
function nextName({ keys }: TrustPolicy, name: string): string {
  const stem = name.replace(/-\d+$/, "");
  const taken = new Set(keys.map((key) => key.name));
  for (let count = 2; ; count++) if (!taken.has(`${stem}-${count}`)) return `${stem}-${count}`;
}
