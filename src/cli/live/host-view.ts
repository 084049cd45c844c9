import type { HostStatus } from "../../runtime/index.ts";
import type { Screen } from "../command.ts";
import { short, size } from "../documents.ts";

type Plugin = HostStatus["plugins"][number];
type State = Plugin["facets"][number]["state"];

/** One line for a facet, before it is known how wide the columns are. */
interface Row {
  readonly name: string;
  readonly state: State;
  readonly since: string;
  readonly more: string;
  readonly reason: string | null;
}

/** Narrower than this, a line ends with how long it has been so; and then with where it stands. */
const SPARE = 56;
const TIGHT = 36;

const COLOURS: Readonly<Partial<Record<State, "green" | "yellow" | "red">>> = {
  ready: "green",
  starting: "yellow",
  degraded: "yellow",
  draining: "yellow",
  restarting: "yellow",
  stopping: "yellow",
  blocked: "red",
  failed: "red",
  quarantined: "red",
};

/**
 * A running host as lines of a screen: facets by system, with where they stand and for how long. Where there are more
 * than there are rows, those that serve are only counted.
 */
export function hostView(status: HostStatus, screen: Screen): string[] {
  const width = screen.columns - 1;
  const groups = [...Map.groupBy(status.plugins, ({ system }) => system)].map(([system, plugins]) => ({
    system,
    rows: plugins.flatMap((plugin) => rowsOf(plugin, status.atMs)),
  }));
  const head = headOf(status, width);
  const draw = (isShown: (row: Row) => boolean): string[] => {
    const shown = groups.flatMap(({ rows }) => rows.filter(isShown));
    const columns = columnsFor(shown, width);
    return groups.flatMap(({ system, rows }) => {
      const counted = Map.groupBy(
        rows.filter((row) => !isShown(row)),
        ({ state }) => state,
      );
      const counts = [...counted].map(([state, { length }]) => `${length} ${state}`).join(", ");
      return [
        screen.paint("bold", cut(counts === "" ? system : `${system}  ${counts}`, width)),
        ...rows.filter(isShown).flatMap((row) => drawRow(row, columns, screen)),
      ];
    });
  };
  const room = screen.rows - 2;
  const all = draw(() => true);
  const lines = all.length <= room ? all : draw(({ state }) => COLOURS[state] !== "green");
  const hidden = lines.length - room;
  return [
    screen.paint("bold", head),
    ...(hidden > 0 ? [...lines.slice(0, room - 1), cut(`… ${hidden + 1} more lines`, width)] : lines),
  ];
}

/** As many facts as fit, the most important first. */
function headOf(status: HostStatus, width: number): string {
  const { phase, plugins, deployment, generation, atMs, startedAtMs, process } = status;
  const facets = plugins.flatMap((plugin) => plugin.facets);
  const serving = facets.filter(({ state }) => state === "ready" || state === "degraded");
  const parts = [
    phase,
    ...(facets.length > 0 ? [`${serving.length} of ${facets.length} serve`] : []),
    ...(deployment === null ? [] : [deployment]),
    duration(atMs - startedAtMs),
    size(process.rssBytes),
    `late ${Math.round(process.eventLoopDelayMs)} ms`,
    ...(generation === null ? [] : [short(generation)]),
  ];
  let head = "";
  for (const part of parts) {
    const longer = head === "" ? part : `${head}  ${part}`;
    if (longer.length <= width) head = longer;
  }
  return head;
}

function rowsOf({ facets, crashes, restarts, memoryBytes }: Plugin, nowMs: number): Row[] {
  const more = [
    ...(memoryBytes === null ? [] : [size(memoryBytes)]),
    ...(restarts > 0 ? [`restarted ${restarts}×`] : crashes > 0 ? [`crashed ${crashes}×`] : []),
  ].join(", ");
  return facets.map(({ id, state, sinceMs, reason }, i) => ({
    name: id,
    state,
    since: sinceMs === null ? "" : duration(nowMs - sinceMs),
    // Its facets share what a plugin uses.
    more: i === 0 ? more : "",
    reason,
  }));
}

/** Widths; 0 for what there is no room for. */
interface Columns {
  readonly name: number;
  readonly state: number;
  readonly since: number;
  readonly more: number;
}

function columnsFor(rows: readonly Row[], width: number): Columns {
  const widest = (of: (row: Row) => string): number => Math.max(0, ...rows.map((row) => of(row).length));
  const state = widest((row) => row.state);
  const since = width < TIGHT ? 0 : widest((row) => row.since);
  const more = width < SPARE ? 0 : widest((row) => row.more);
  const others = [state, since, more].reduce((sum, column) => sum + (column > 0 ? 2 + column : 0), 2);
  return {
    name: Math.max(
      8,
      Math.min(
        widest((row) => row.name),
        width - others,
      ),
    ),
    state,
    since,
    more,
  };
}

function drawRow(row: Row, columns: Columns, { columns: total, paint }: Screen): string[] {
  const { name, state, since, more, reason } = row;
  const cells = [
    `  ${shortened(name, columns.name).padEnd(columns.name)}`,
    paint(COLOURS[state] ?? "dim", state.padEnd(columns.state)),
    ...(columns.since > 0 ? [since.padStart(columns.since)] : []),
    ...(columns.more > 0 ? [more] : []),
  ];
  const line = cells.join("  ").trimEnd();
  if (reason === null) return [line];
  return [line, `    ${paint("dim", cut(reason.replaceAll(/\s+/g, " "), total - 5))}`];
}

/** Without its scope, where it is too long. */
const shortened = (id: string, width: number): string =>
  cut(id.length <= width ? id : id.slice(id.indexOf("/") + 1), width);

/** A facet's own name, the end of its id, tells more than what lies before it. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = text.includes("#") ? Math.min(text.length - text.indexOf("#"), width - 4) : 0;
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/** The largest unit that it is at least one of. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
