import { resolve } from "node:path";

import { algorithmName, readPublicKey } from "../../signing/keys.ts";
import { defineCommand, type Io } from "../command.ts";
import { TRUST_OPTION, trustFile } from "../options.ts";
import { table } from "../table.ts";
import { describeLimits, readKeys } from "./list.ts";
import { keyNamed, readPolicyFile } from "./policy.ts";

/** Largest public key file that is read, in bytes. */
const MAX_PUBLIC_KEY_BYTES = 4096;

export const showCommand = defineCommand({
  usage: "show <name or public key file>",
  example: "tradsys keys show ci --trust trust.yaml",
  options: TRUST_OPTION,
  positionals: [1, 1],

  async run({ flags, args: [wanted = ""] }, io) {
    const file = resolve(io.cwd, wanted);
    if ((await io.files.kind(file)) === "file") return showFile(io, file);
    const policyFile = trustFile(io, flags);
    const { name } = keyNamed(await readPolicyFile(io, policyFile), wanted);
    const keys = (await readKeys(io, policyFile)).filter((key) => key.name === name);
    return {
      data: keys,
      lines: keys.flatMap(({ role, algorithm, id, state, notBefore, notAfter, publicKey, ...limits }) => [
        ...table([
          ["name", name],
          ["key id", id],
          ["algorithm", algorithm],
          ["role", role],
          ["may sign", describeLimits(limits)],
          ["valid", `${notBefore ?? "always"} to ${notAfter ?? "always"}`],
          ["today", state],
        ]),
        publicKey.trim(),
      ]),
    };
  },
});

async function showFile(io: Io, file: string) {
  const publicKey = (await io.files.read(file, MAX_PUBLIC_KEY_BYTES)).toString("utf8");
  const key = readPublicKey(publicKey);
  const algorithm = algorithmName(key);
  return {
    data: [{ id: key.id, algorithm, publicKey }],
    lines: [
      ...table([
        ["key id", key.id],
        ["algorithm", algorithm],
      ]),
      publicKey.trim(),
    ],
  };
}
