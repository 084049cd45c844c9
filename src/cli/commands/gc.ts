import { collectGarbage, findGarbage, type Garbage } from "../../activation/collect.ts";
import { TradsysError } from "../../domain/errors.ts";
import { defineCommand } from "../command.ts";
import { plural } from "../documents.ts";
import { ROOT_OPTION, rootOf, storeOf, WAIT_OPTION, waitOf } from "../options.ts";

/** Generations that can be gone back to, unless told otherwise. */
const DEFAULT_KEEP = 10;

export const gcCommand = defineCommand({
  usage: "",
  example: "tradsys gc --keep 5 --root /srv/tradsys",
  options: {
    ...ROOT_OPTION,
    keep: {
      type: "string",
      value: "COUNT",
      description: `How many of the last active generations stay (default: ${DEFAULT_KEEP})`,
    },
    "dry-run": { type: "boolean", description: "Tell what would go, and remove nothing" },
    ...WAIT_OPTION,
  },
  positionals: [0, 0],

  async run({ flags }, io) {
    const keep = countOf(flags.keep ?? String(DEFAULT_KEEP));
    const { files, now, user: actor } = io;
    const place = { files, root: rootOf(io, flags), now, actor, waitMs: waitOf(flags) };
    await storeOf(io, flags);
    if (flags["dry-run"] === true) {
      const garbage = await findGarbage(place, keep);
      return { data: garbage, lines: [describe(garbage, "would be removed")] };
    }
    const garbage = await collectGarbage(place, keep);
    return { data: garbage, lines: [describe(garbage, "removed")] };
  },
});

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new TradsysError("USAGE", `\`${text}\` is not a number of generations`, {
    hint: "Write a number from 1 up: what is active always stays.",
  });
}

const describe = ({ generations, files, retained }: Garbage, done: string): string =>
  `${plural(generations.length, "generation")} and ${plural(files.length, "file")} ${done}; ${plural(retained.length, "generation")} kept`;
