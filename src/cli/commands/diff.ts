import { differencesBetween, type PluginDifference } from "../../activation/difference.ts";
import { generationBefore, actionsIn } from "../../activation/history.ts";
import { readJournal } from "../../activation/journal.ts";
import { isSameJson } from "../../domain/canonical.ts";
import type { Digest } from "../../domain/ids.ts";
import type { Generation, GenerationPlugin } from "../../domain/plan.ts";
import { currentDigest, readGeneration, rootPaths } from "../../store/generations.ts";
import { defineCommand, type Io } from "../command.ts";
import { short } from "../documents.ts";
import { generationNamed, nothingActive } from "../generations.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";
import { jsonLine } from "../render.ts";

export const diffCommand = defineCommand({
  usage: "[<generation> [<generation>]]",
  example: "tradsys diff 7328f6f6 0a37e9b2 --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [0, 2],

  async run({ flags, args: [first, second] }, io) {
    const root = rootOf(io, flags);
    const current = await currentDigest(io.files, root);
    if (current === null) throw nothingActive(root);
    const to = second === undefined ? current : await generationNamed(io, root, second);
    const from =
      first === undefined ? await previous(io, root, current) : await generationNamed(io, root, first);
    const [before, after] = [await read(io, root, from), await read(io, root, to)];
    const plugins = differencesBetween(before, after);
    const otherTrust = before !== null && after !== null && !isSameJson(before.trust, after.trust);
    const lines = [...plugins.flatMap(describe), ...(otherTrust ? ["~ the trust policy"] : [])];
    return {
      data: { from, to, plugins, trust: otherTrust },
      lines: [
        `from ${from === null ? "nothing" : short(from)} to ${short(to)}`,
        ...(lines.length === 0 ? ["nothing differs"] : lines),
      ].map((line, i) => (i === 0 ? line : `  ${line}`)),
    };
  },
});

async function previous({ files }: Io, root: string, current: Digest): Promise<Digest | null> {
  const actions = actionsIn(await readJournal(files, rootPaths(root).journal));
  return generationBefore(current, actions) ?? null;
}

const read = async ({ files }: Io, root: string, digest: Digest | null): Promise<Generation | null> =>
  digest === null ? null : readGeneration(files, root, digest);

function describe({ plugin, from, to }: PluginDifference): string[] {
  if (!to) return [`- ${plugin} ${from?.version ?? ""}`];
  if (!from) return [`+ ${plugin} ${to.version}`];
  const versions = from.version === to.version ? to.version : `${from.version} → ${to.version}`;
  const rebuilt = from.version === to.version && from.content !== to.content ? " (other content)" : "";
  return [`~ ${plugin} ${versions}${rebuilt}`, ...configLines(from, to)];
}

/** Members of the configuration that differ. */
function configLines({ config: before }: GenerationPlugin, { config: after }: GenerationPlugin): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names.flatMap((name) => {
    const [from, to] = [shown(before[name]), shown(after[name])];
    return from === to ? [] : [`    ${name}: ${from} → ${to}`];
  });
}

const shown = (value: unknown): string => (value === undefined ? "none" : jsonLine(value));
