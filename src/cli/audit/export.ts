import { actionsIn, type Action } from "../../activation/history.ts";
import { readJournal } from "../../activation/journal.ts";
import { rootPaths } from "../../store/generations.ts";
import { defineCommand, oneOf } from "../command.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";
import { jsonLine } from "../render.ts";
import { csv } from "./csv.ts";

const FORMATS = ["jsonl", "csv"] as const;

export const exportCommand = defineCommand({
  usage: "export",
  example: "tradsys audit export --format csv --root /srv/tradsys",
  options: {
    ...ROOT_OPTION,
    format: {
      type: "string",
      value: "FORMAT",
      description: "jsonl, one line for each change, or csv, one for each plugin of it (default: jsonl)",
      choices: FORMATS,
    },
  },
  positionals: [0, 0],

  async run({ flags }, io) {
    const format = oneOf(FORMATS, flags.format ?? "jsonl", "format");
    const actions = actionsIn(await readJournal(io.files, rootPaths(rootOf(io, flags)).journal));
    return {
      data: actions,
      lines: [],
      document:
        format === "csv"
          ? csv([COLUMNS, ...actions.flatMap(rowsOf)])
          : actions.map((action) => `${jsonLine(factsOf(action))}\n`).join(""),
    };
  },
});

/** Who changed what, when, approved by whom, from which sources. */
function factsOf({ begun, ending, until, current, reason }: Action) {
  const { approvals = [], stages: _, event: __, at, ...facts } = begun;
  return {
    ...facts,
    began: at,
    ended: until,
    outcome: ending,
    active: current,
    ...(reason !== undefined && { reason }),
    approvals: approvals.map(({ key, role, approver, at: approved }) => ({
      key,
      role,
      approver,
      at: approved,
    })),
  };
}

const COLUMNS = [
  "entry",
  "began",
  "ended",
  "by",
  "action",
  "outcome",
  "reason",
  "deployment",
  "generation before",
  "generation after",
  "plan",
  "author",
  "approved by",
  "emergency",
  "plugin",
  "version before",
  "version after",
  "content",
  "sources",
];

function rowsOf({ begun, ending, until, current, reason = "" }: Action): string[][] {
  const { seq, at, actor, action, from, deployment = "", plan = "", author = "", emergency = "" } = begun;
  const approved = begun.approvals
    ?.map(({ approver, role, key }) => `${approver} (${role}, ${key})`)
    .join("; ");
  const head = [String(seq), at, until, actor, action, ending, reason, deployment];
  const about = [...head, from ?? "", current ?? "", plan, author, approved ?? "", emergency];
  const changes = begun.changes ?? [];
  if (changes.length === 0) return [[...about, "", "", "", "", ""]];
  return changes.map((change) => [
    ...about,
    change.plugin,
    change.from ?? "",
    change.to ?? "",
    change.content ?? "",
    change.inputs ?? "",
  ]);
}
