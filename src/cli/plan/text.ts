import { instanceOf } from "../../domain/ids.ts";
import type { Change, Plan, Relaxation, Step, StepGroup, Wave } from "../../domain/plan.ts";
import { findPluginCycle } from "../../planner/cycle.ts";
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
    const cycle = acting.length > 0 ? findPluginCycle(generation.facets) : undefined;
    return [
      ...draw.text(heading(plan)),
      "",
      ...(acting.length === 0
        ? draw.text("Nothing changes.")
        : [...draw.title("Changes"), ...draw.rows(acting.map(changeRow), "  ")]),
      ...(waves.length > 0
        ? ["", ...draw.title("Waves"), ...waves.flatMap((wave, i) => drawWave(draw, wave, i + 1))]
        : []),
      ...(acting.length === 0 ? [] : section(draw, "From nothing", startText(plan))),
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
}

interface Drawer {
  text(text: string, format?: Format): string[];
  title(text: string): string[];
  /** Details stand in one column, or below where one of the rows has no room for it. */
  rows(rows: readonly Row[], indent: string): string[];
}

function drawer({ columns, paint }: Screen): Drawer {
  const width = Math.min(columns, MAX_WIDTH);
  const text: Drawer["text"] = (line, format) => wrap(line, width, "  ").map((part) => paint(format, part));
  return {
    text,
    title: (title) => text(`${title}:`, "bold"),
    rows(rows, indent) {
      const longest = (field: "subject" | "detail"): number =>
        Math.max(0, ...rows.map((row) => row[field].length));
      const isWide = indent.length + 2 + longest("subject") + 2 + longest("detail") <= width;
      return rows.flatMap(({ sign, format, subject, detail }) => {
        const head = `${indent}${paint(format, sign)} `;
        if (detail === "") return [head + paint(undefined, subject)];
        if (isWide)
          return [`${head}${paint(undefined, subject.padEnd(longest("subject")))}  ${paint("dim", detail)}`];
        const below = wrap(`${indent}  ${detail}`, width, "");
        return [head + paint(undefined, subject), ...below.map((part) => paint("dim", part))];
      });
    },
  };
}

const section = (draw: Drawer, title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ["", ...draw.title(title), ...lines.flatMap((line) => draw.text(`  ${line}`))];

export function changeRow(change: Change): Row {
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
  const [together, alone] = [
    groups.filter(({ because }) => because),
    groups.filter(({ because }) => !because),
  ];
  const steps = plural(groups.flatMap(groupRows).length, "step");
  const holds = held.map((facet): Row => ({
    sign: "·",
    format: "dim",
    subject: facet,
    detail: "held: does not act yet",
  }));
  return [
    ...draw.text(
      `${String(number).padStart(3)}  ${steps}, at most ${seconds(estimateMs)}, ${memoryMiB} MiB`,
      "cyan",
    ),
    ...draw.rows([...alone.flatMap(groupRows), ...holds], INDENT),
    ...together.flatMap((group) => drawTogether(draw, group)),
  ];
}

/** Below the number of a wave. */
const INDENT = "     ";

const drawTogether = (draw: Drawer, group: StepGroup): string[] => [
  ...draw.text(`${INDENT}at once:`, "yellow"),
  ...draw.rows(groupRows(group), `${INDENT}│ `),
  ...(group.because ?? []).flatMap((why, i) => draw.text(`${INDENT}${i === 0 ? "since" : "and"} ${why}`)),
];

/** One row for each facet that starts or stops alone, and one for each plugin that is replaced. */
export const groupRows = ({ steps }: StepGroup): Row[] => steps.flatMap(stepRows);

function stepRows({ action, plugin, from, to, stop, start, oneWay }: Step): Row[] {
  const version =
    from && to && from.version === to.version
      ? `${to.version}, restarted`
      : `${from?.version ?? ""}${from && to ? " → " : ""}${to?.version ?? ""}`;
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

/** The chain that a restart cannot be faster than. */
const startText = ({ start }: Plan): string[] => [
  `a start takes at most ${seconds(start.criticalPathMs)}: ${start.criticalPath.join(" → ")}`,
];

export function relaxedText(relaxed: Relaxation): string {
  switch (relaxed.kind) {
    case "held":
      return `${relaxed.facet} does not act until ${relaxed.requirement} of ${relaxed.provider} is there`;
    case "side-by-side":
      return `both versions of ${relaxed.plugin} run side by side`;
    case "adapter":
      return `${instanceOf(relaxed.adapter)} gives ${relaxed.facet} the ${relaxed.requirement} that ${relaxed.provider} no longer has`;
    default:
      return relaxed satisfies never;
  }
}

export function policyText({ policy, changes }: Plan): string[] {
  const { window, emergency, rules = [], accepted = [], approvals, approvers, canary } = policy;
  if (changes.every(({ action }) => action === "unchanged") && rules.length === 0) return [];
  const roles = approvals.map(({ role, count }) => `${count} ${role}`).join(", ");
  const named = approvals.reduce((sum, { count }) => sum + count, 0);
  return [
    ...(window.notBefore === null ? [] : [`not before ${minute(window.notBefore)}`]),
    ...(window.startBy === null || window.doneBy === null
      ? []
      : [`start by ${minute(window.startBy)}, done by ${minute(window.doneBy)}`]),
    ...(emergency === undefined ? [] : [`emergency, outside of the window: ${emergency}`]),
    ...rules.map((rule) => `${RULES[rule]} changes`),
    ...accepted.map(({ plugin, type, reason }) => `without ${type} evidence of ${plugin}: ${reason}`),
    ...(approvers === 0
      ? []
      : [
          `approvals: ${[roles, approvers > named ? `${approvers} different people` : ""].filter(Boolean).join("; ")}, none of them the author`,
        ]),
    ...(canary ? [`canary limits: ${canaryText(canary)}`] : []),
  ];
}

const RULES = {
  trust: "the trust policy",
  policy: "the deployment's policy",
  memory: "the memory budget",
} as const;

/** `2026-03-14 04:00 UTC` */
const minute = (instant: string): string => `${instant.slice(0, 16).replace("T", " ")} UTC`;

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

export function summary({ changes, waves }: Plan): string {
  const count = (...actions: readonly Change["action"][]): number =>
    changes.filter(({ action }) => actions.includes(action)).length;
  const changed = count("upgrade", "downgrade", "rebuild", "reconfigure", "rebind");
  return (
    `Plan: ${count("add")} to add, ${changed} to change, ${count("remove")} to remove, ` +
    `${count("unchanged")} unchanged; ${plural(waves.length, "wave")}.`
  );
}

/** `12 s`, `3 min`: a plan is no stopwatch. */
export const seconds = (ms: number): string =>
  ms < 1000
    ? `${Math.round(ms)} ms`
    : ms < 120_000
      ? `${Math.round(ms / 1000)} s`
      : `${Math.round(ms / 60_000)} min`;
