import { rootPaths } from "../../store/generations.ts";
import { listCandidates } from "../../store/read.ts";
import { defineCommand } from "../command.ts";
import { plural, short } from "../documents.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";

export const listCommand = defineCommand({
  usage: "",
  example: "tradsys list --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [0, 0],

  async run({ flags }, io) {
    const candidates = await listCandidates(io.files, rootPaths(rootOf(io, flags)).store);
    const width = Math.max(
      0,
      ...candidates.map(({ manifest }) => `${manifest.name}@${manifest.version}`.length),
    );
    return {
      data: candidates.map(({ manifest, content, envelopes }) => ({
        name: manifest.name,
        version: manifest.version,
        kind: manifest.kind,
        content,
        signatures: envelopes.length,
      })),
      lines: candidates.map(
        ({ manifest, content, envelopes }) =>
          `${`${manifest.name}@${manifest.version}`.padEnd(width)}  ${short(content)}  ${plural(envelopes.length, "signature")}  ${manifest.kind}`,
      ),
    };
  },
});
