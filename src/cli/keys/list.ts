import { resolve } from "node:path";

import { EMPTY_FLOOR, type TrustedKey } from "../../domain/trust.ts";
import { algorithmName } from "../../signing/keys.ts";
import { keyState, rulingOf } from "../../signing/trust.ts";
import { defineCommand, type Io } from "../command.ts";
import { readTrust, short } from "../documents.ts";
import { TRUST_OPTION, trustFile } from "../options.ts";
import { table } from "../table.ts";

export const listCommand = defineCommand({
  usage: "list",
  example: "tradsys keys list --trust trust.yaml",
  options: TRUST_OPTION,
  positionals: [0, 0],

  async run({ flags }, io) {
    const keys = await readKeys(io, trustFile(io, flags));
    return {
      data: keys,
      lines: table(
        keys.map(({ name, role, algorithm, id, state, ...limits }) => [
          name,
          role,
          algorithm,
          short(id),
          describeLimits(limits),
          state,
        ]),
      ),
    };
  },
});

/** The keys of a trust policy, and whether each counts today. */
export async function readKeys(io: Io, file: string) {
  const policy = await readTrust(io, resolve(io.cwd, file));
  const ruling = rulingOf({ policy, floor: EMPTY_FLOOR, now: io.now() });
  return ruling.voters.map((voter) => ({
    ...voter.trusted,
    id: voter.publicKey.id,
    algorithm: algorithmName(voter.publicKey),
    state: keyState(ruling, voter),
  }));
}

/** What a key may sign, in a few words. */
export function describeLimits({
  plugins,
  pattern,
  kinds,
}: Pick<TrustedKey, "plugins" | "pattern" | "kinds">): string {
  const names = [...(plugins ?? []), ...(pattern === undefined ? [] : [`${pattern}…`])];
  const any =
    plugins === undefined && pattern === undefined ? "every plugin" : names.join(", ") || "no plugin";
  return kinds === undefined ? any : `${any} of kind ${kinds.join(", ")}`;
}
