import { actionsIn, type Action } from "../../activation/history.ts";
import { readJournal } from "../../activation/journal.ts";
import type { Digest } from "../../domain/ids.ts";
import { rootPaths } from "../../store/generations.ts";
import { defineCommand } from "../command.ts";
import { short } from "../documents.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";
import { table } from "../table.ts";

export const historyCommand = defineCommand({
  usage: "",
  example: "tradsys history --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [0, 0],

  async run({ flags }, io) {
    const actions = actionsIn(await readJournal(io.files, rootPaths(rootOf(io, flags)).journal));
    const rows = actions.toReversed().map(row);
    return { data: actions, lines: rows.length === 0 ? ["nothing was activated here yet"] : table(rows) };
  },
});

function row({ begun, ending, current, reason }: Action): string[] {
  const { at, action, actor, from, approvals = [], emergency } = begun;
  const notes = [
    ...(approvals.length > 0 ? [`approved by ${approvals.map(({ approver }) => approver).join(", ")}`] : []),
    ...(emergency === undefined ? [] : [`emergency: ${emergency}`]),
    ...(reason === undefined ? [] : [reason]),
  ];
  return [
    at,
    `${action} by ${actor}`,
    `${named(from)} → ${named(current)}`,
    OUTCOMES[ending],
    notes.join("; "),
  ];
}

const OUTCOMES: Readonly<Record<Action["ending"], string>> = {
  finished: "done",
  "rolled-back": "taken back",
  paused: "stopped on the way",
  interrupted: "cut short",
  open: "under way, or cut short",
};

const named = (digest: Digest | null): string => (digest === null ? "nothing" : short(digest));
