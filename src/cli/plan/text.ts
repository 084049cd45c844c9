import type { Change, Plan, Relaxation, Step, StepGroup, Wave } from "../../domain/plan.ts";
import { findPluginCycle, pluginOf } from "../../planner/cycle.ts";
import type { Screen } from "../command.ts";
import { plural, short } from "../documents.ts";
import { wrap } from "../formats/wrap.ts";

type Format = Parameters<Screen["paint"]>[0];

/** Columns of the widest output: lines that are longer are hard to follow, however wide the terminal. */
const MAX_WIDTH = 120;

/** A plan as a person reads it before they agree to it: what changes, in which order, and under which rules. */
export function planText(plan: Plan, file: string): (screen: Screen) => readonly string[] {
  return (screen) => {
    const { changes, waves, generation } = plan;
    const draw = drawer(screen);
    const acting = changes.filter(({ action }) => action !== "unchanged");
    const cycle = findPluginCycle(generation.facets);
    return [
      ...draw.text(heading(plan)),
      "",
      ...(acting.length === 0
        ? draw.text("Nothing changes.")
        : [...draw.title("Changes"), ...acting.flatMap((change) => draw.row(changeRow(change)))]),
      ...(waves.length > 0
        ? ["", ...draw.title("Waves"), ...waves.flatMap((wave, i) => drawWave(draw, wave, i + 1))]
        : []),
      ...section(draw, "On the way", plan.relaxed.map(relaxedText)),
      ...section(draw, "Policy", policyText(plan)),
      ...(cycle
        ? ["", ...draw.text(`${cycle.join(" → ")}: a cycle between plugins, none between their facets.`)]
        : []),
      "",
      ...draw.text(summary(plan), "bold"),
      ...draw.text(
        acting.length === 0
          ? `Written to ${file}.`
          : `Written to ${file}; \`tradsys apply ${file}\` carries it out.`,
      ),
    ];
  };
}

function heading({ base, next, generation }: Plan): string {
  const from = base === null ? "an empty root" : `generation ${short(base)}`;
  return base === next
    ? `${generation.deployment}: ${from} is what the deployment asks for`
    : `${generation.deployment}: from ${from} to generation ${short(next)}`;
}

/** One line of a list: a sign, what it is about, and what is said of it. */
interface Row {
  readonly sign: string;
  readonly format: Format;
  readonly subject: string;
  readonly detail: string;
  readonly indent?: string;
}

interface Drawer {
  text(text: string, format?: Format): string[];
  title(text: string): string[];
  row(row: Row): string[];
}

function drawer({ columns, paint }: Screen): Drawer {
  const width = Math.min(columns, MAX_WIDTH);
  const text: Drawer["text"] = (line, format) => wrap(line, width, "  ").map((part) => paint(format, part));
  return {
    text,
    title: (title) => text(`${title}:`, "bold"),
    row({ sign, format, subject, detail, indent = "  " }) {
      const head = `${indent}${paint(format, sign)} ${paint(undefined, subject)}`;
      const used = indent.length + sign.length + 1 + subject.length;
      if (detail === "") return [head];
      if (used + 2 + detail.length <= width) return [`${head}  ${paint("dim", detail)}`];
      // What does not fit beside it goes below it.
      const below = `${indent}${" ".repeat(sign.length + 1)}`;
      return [head, ...wrap(`${below}${detail}`, width, "").map((part) => paint("dim", part))];
    },
  };
}

const section = (draw: Drawer, title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ["", ...draw.title(title), ...lines.flatMap((line) => draw.text(`  ${line}`))];

function changeRow(change: Change): Row {
  const row = (sign: string, format: Format, detail: string): Row => ({
    sign,
    format,
    subject: change.plugin,
    detail,
  });
  switch (change.action) {
    case "add":
      return row("+", "green", change.to);
    case "remove":
      return row("-", "red", change.from);
    case "upgrade":
      return row("↑", "yellow", `${change.from} → ${change.to}${oneWayNote(change.state)}`);
    case "downgrade":
      return row("↓", "magenta", `${change.from} → ${change.to}${oneWayNote(change.state)}`);
    case "rebuild":
      return row("~", "yellow", `${change.to}, other content${oneWayNote(change.state)}`);
    case "reconfigure":
      return row("~", "yellow", `${change.to}, other configuration`);
    case "rebind":
      return row("~", "yellow", `${change.to}, other providers`);
    case "unchanged":
      return row(" ", undefined, change.to);
    default:
      return change satisfies never;
  }
}

const oneWayNote = (state: "one-way" | "lost" | undefined): string =>
  state === undefined
    ? ""
    : state === "lost"
      ? "; its state is lost"
      : "; one way: its state cannot be given back";

function drawWave(draw: Drawer, { groups, held, memoryMiB, estimateMs }: Wave, number: number): string[] {
  const rows = groups.flatMap((group) => groupRows(group));
  const head = `${String(number).padStart(3)}  ${plural(rows.length, "step")}`;
  return [
    ...draw.text(`${head}, at most ${seconds(estimateMs)}, ${memoryMiB} MiB`, "cyan"),
    ...groups.flatMap((group) => drawGroup(draw, group)),
    ...held.flatMap((facet) =>
      draw.row({
        sign: "·",
        format: "dim",
        subject: facet,
        detail: "held: does not act yet",
        indent: "     ",
      }),
    ),
  ];
}

function drawGroup(draw: Drawer, group: StepGroup): string[] {
  const rows = groupRows(group);
  if (!group.because) return rows.flatMap((row) => draw.row({ ...row, indent: "     " }));
  return [
    ...draw.text("     at once:", "yellow"),
    ...rows.flatMap((row) => draw.row({ ...row, indent: "     │ " })),
    ...group.because.flatMap((why, i) => draw.text(`     ${i === 0 ? "since" : "  and"} ${why}`)),
  ];
}

/** One row for each facet that starts or stops alone, and one for each plugin that is replaced. */
const groupRows = ({ steps }: StepGroup): Row[] => steps.flatMap(stepRows);

function stepRows({ action, plugin, from, to, stop, start, oneWay }: Step): Row[] {
  const version = `${from?.version ?? ""}${from && to ? " → " : ""}${to?.version ?? ""}`;
  const mark = oneWay ? ", one way" : "";
  switch (action) {
    case "start":
      return start.map((facet) => ({
        sign: "+",
        format: "green",
        subject: facet,
        detail: `${version}${mark}`,
      }));
    case "stop":
      return stop.map((facet) => ({ sign: "-", format: "red", subject: facet, detail: version }));
    case "rebind":
      return start.map((facet) => ({
        sign: "~",
        format: "yellow",
        subject: facet,
        detail: "other providers",
      }));
    case "replace":
      return [{ sign: "~", format: "yellow", subject: plugin, detail: `${version}${mark}` }];
    default:
      return action satisfies never;
  }
}

function relaxedText(relaxed: Relaxation): string {
  switch (relaxed.kind) {
    case "held":
      return `${relaxed.facet} does not act until ${relaxed.requirement} of ${relaxed.provider} is there`;
    case "side-by-side":
      return `both versions of ${relaxed.plugin} run side by side`;
    case "adapter":
      return `${pluginOf(relaxed.adapter)} gives ${relaxed.facet} the ${relaxed.requirement} that ${relaxed.provider} no longer has`;
    default:
      return relaxed satisfies never;
  }
}

function policyText({ policy, changes }: Plan): string[] {
  if (changes.every(({ action }) => action === "unchanged")) return [];
  const { window, emergency, approvals, approvers, canary } = policy;
  const roles = approvals.map(({ role, count }) => `${count} ${role}`).join(", ");
  const named = approvals.reduce((sum, { count }) => sum + count, 0);
  return [
    ...(window.notBefore === null ? [] : [`not before ${window.notBefore}`]),
    ...(window.startBy === null ? [] : [`start by ${window.startBy}, done by ${window.doneBy}`]),
    ...(emergency === undefined ? [] : [`emergency, outside of the window: ${emergency}`]),
    ...(approvers === 0
      ? []
      : [
          `approvals: ${[roles, approvers > named ? `${approvers} different people` : ""].filter(Boolean).join("; ")}, none of them the author`,
        ]),
    ...(canary ? [`canary limits: ${canaryText(canary)}`] : []),
  ];
}

/** Limits that a canary keeps to. */
function canaryText(canary: NonNullable<Plan["policy"]["canary"]>): string {
  const { instruments, orders, orderValue, venues, forMs } = canary;
  return [
    ...(instruments === undefined ? [] : [plural(instruments, "instrument")]),
    ...(orders === undefined ? [] : [plural(orders, "order")]),
    ...(orderValue === undefined ? [] : [`${orderValue} an order`]),
    ...(venues === undefined ? [] : [venues.join(" and ")]),
    `for ${seconds(forMs)}`,
  ].join(", ");
}

function summary({ changes, waves }: Plan): string {
  const count = (...actions: readonly Change["action"][]): number =>
    changes.filter(({ action }) => actions.includes(action)).length;
  const changed = count("upgrade", "downgrade", "rebuild", "reconfigure", "rebind");
  return (
    `Plan: ${count("add")} to add, ${changed} to change, ${count("remove")} to remove, ` +
    `${count("unchanged")} unchanged; ${plural(waves.length, "wave")}.`
  );
}

/** `12 s`, `3 min`: a plan is no stopwatch. */
const seconds = (ms: number): string =>
  ms < 1000
    ? `${Math.round(ms)} ms`
    : ms < 120_000
      ? `${Math.round(ms / 1000)} s`
      : `${Math.round(ms / 60_000)} min`;
