import { listCandidates } from "../../store/read.ts";
import { defineCommand } from "../command.ts";
import { plural, short } from "../documents.ts";
import { ROOT_OPTION, storeOf } from "../options.ts";
import { table } from "../table.ts";

export const listCommand = defineCommand({
  usage: "",
  example: "tradsys list --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [0, 0],

  async run({ flags }, io) {
    const candidates = await listCandidates(io.files, await storeOf(io, flags));
    return {
      data: candidates.map(({ manifest, content, envelopes, published, yanked }) => ({
        name: manifest.name,
        version: manifest.version,
        kind: manifest.kind,
        content,
        signatures: envelopes.length,
        ...(published !== undefined && { published }),
        ...(yanked !== undefined && { yanked }),
      })),
      lines: table(
        candidates.map(({ manifest: { name, version, kind }, content, envelopes, yanked }) => [
          `${name}@${version}`,
          short(content),
          plural(envelopes.length, "signature"),
          kind,
          yanked === undefined ? "" : "taken back",
        ]),
      ),
    };
  },
});
