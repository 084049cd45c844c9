import { closest } from "../../domain/closest.ts";
import { didYouMean } from "../../domain/diagnostic.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { Candidate } from "../../domain/lock.ts";
import type { FacetRequirement } from "../../domain/manifest.ts";
import { listCandidates } from "../../store/read.ts";
import { defineCommand } from "../command.ts";
import { size } from "../documents.ts";
import { ROOT_OPTION, storeOf } from "../options.ts";
import { oneLine } from "../render.ts";

export const showCommand = defineCommand({
  usage: "<name>[@<version>]",
  example: "tradsys show @tradsys/risk-core@4.2.0",
  options: ROOT_OPTION,
  positionals: [1, 1],

  async run({ flags, args: [wanted = ""] }, io) {
    const candidates = await listCandidates(io.files, await storeOf(io, flags));
    const matching = candidates.filter(
      ({ manifest: { name, version } }) => wanted === name || wanted === `${name}@${version}`,
    );
    if (matching.length === 0) {
      const meant = closest(
        wanted,
        candidates.flatMap(({ manifest: { name, version } }) => [name, `${name}@${version}`]),
      );
      throw new TradsysError(
        "PLUGIN_UNKNOWN",
        `the store holds no ${wanted}`,
        meant === undefined ? { hint: "`tradsys list` shows what it holds." } : didYouMean(meant),
      );
    }
    return { data: matching, lines: matching.flatMap(describe) };
  },
});

function describe(candidate: Candidate): string[] {
  const { manifest, content, blob, size: bytes, envelopes, published, yanked } = candidate;
  const facets = Object.entries(manifest.facets).flatMap(([name, { provides, requires }]) => [
    `  facet ${name}`,
    ...Object.entries(provides).map(([port, version]) => `    provides ${port} ${version}`),
    ...requires.map((requirement) => `    requires ${describeRequirement(requirement)}`),
  ]);
  return [
    `${manifest.name}@${manifest.version} (${manifest.kind})`,
    ...(manifest.description === "" ? [] : [`  ${oneLine(manifest.description)}`]),
    `  license ${manifest.license}, host API ${manifest.hostApi}, Node.js ${manifest.node}`,
    ...(published === undefined ? [] : [`  published ${published}`]),
    ...(yanked === undefined ? [] : [`  taken back: ${oneLine(yanked)}`]),
    `  content ${content}`,
    `  blob    ${blob}, ${size(bytes)}`,
    ...envelopes.map((digest) => `  signed  ${digest}`),
    ...facets,
  ];
}

function describeRequirement(requirement: FacetRequirement): string {
  const target = "port" in requirement ? requirement.port : requirement.plugin;
  const notes = [
    `before ${requirement.when}`,
    ...(requirement.optional ? ["optional"] : []),
    ...(requirement.cardinality === "many" ? ["all of them"] : []),
  ];
  return `${target} ${requirement.range} (${notes.join(", ")})`;
}
