import { rootStatus, type RootStatus } from "../../activation/status.ts";
import type { HostAnswer } from "../../runtime/admin/ask-host.ts";
import { readQuarantine, type Quarantined } from "../../store/quarantine.ts";
import { defineCommand, type Screen } from "../command.ts";
import { plural, short } from "../documents.ts";
import { hostView } from "../live/host-view.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";
import { type Suggestion, suggestionsFor } from "../suggestions.ts";
import { table } from "../table.ts";

export const statusCommand = defineCommand({
  usage: "",
  example: "tradsys status --root /srv/tradsys",
  options: {
    ...ROOT_OPTION,
    suggest: {
      type: "boolean",
      description: "Also say where manifests are far from the memory that was measured on this host",
    },
  },
  positionals: [0, 0],

  async run({ flags }, io) {
    const root = rootOf(io, flags);
    const { askHost } = await import("../../runtime/admin/ask-host.ts");
    const [status, host, held] = await Promise.all([
      rootStatus(io.files, root),
      askHost(io.files, root),
      readQuarantine(io.files, root),
    ]);
    const heldBack = [...held].map(([content, entry]) => ({ content, ...entry }));
    const suggestions =
      flags.suggest === true && status.active
        ? await suggestionsFor(io.files, root, status.active.generation)
        : undefined;
    return {
      data: { ...status, heldBack, host: host ?? null, ...(suggestions && { suggestions }) },
      lines: (screen) => [
        ...[...describe(status), ...heldBack.map(heldLine)].map((line) => screen.paint(undefined, line)),
        ...(host ? ["", ...hostLines(host, screen)] : []),
        ...(suggestions ? ["", ...suggestionLines(suggestions)] : []),
      ],
    };
  },
});

function suggestionLines(suggestions: readonly Suggestion[]): string[] {
  if (suggestions.length === 0) return ["no manifest is far from what was measured on this host"];
  return suggestions.map(
    ({ plugin, declaredMiB, seenMiB, suggestedMiB }) =>
      `${plugin} declares ${declaredMiB} MiB and was seen to use ${seenMiB} MiB: say memoryMiB ${suggestedMiB}`,
  );
}

const heldLine = ({ plugin, since, reason }: Quarantined): string =>
  `held back: ${plugin} since ${since}, ${reason}`;

function hostLines(host: HostAnswer, screen: Screen): string[] {
  switch (host.kind) {
    case "running":
      return [`process ${host.status.pid}`, ...hostView(host.status, { ...screen, rows: Infinity })];
    case "silent":
      return [screen.paint(undefined, `process ${host.pid} does not say how it stands: ${host.reason}`)];
    case "gone":
      return [`process ${host.pid} ended without being stopped`];
    default:
      return host satisfies never;
  }
}

function describe({ active, generations, last, interrupted, halfWay }: RootStatus): string[] {
  const head = active
    ? [
        `generation ${short(active.digest)} of ${active.generation.deployment} is active`,
        ...table(
          active.generation.plugins.map(({ name, version, content }) => [
            `  ${name}@${version}`,
            short(content),
          ]),
        ),
      ]
    : ["nothing is active"];
  const others = generations.filter((digest) => digest !== active?.digest);
  return [
    ...head,
    ...(others.length > 0
      ? [`${plural(others.length, "other generation")}: ${others.map(short).join(", ")}`]
      : []),
    ...(last ? [`last change: ${last.action} by ${last.actor} at ${last.at}`] : []),
    ...(halfWay
      ? [
          `a plan is done up to wave ${halfWay.wave} of ${halfWay.of}: \`tradsys apply --resume\` goes on, \`tradsys rollback\` takes it back`,
        ]
      : []),
    ...(interrupted && last && !halfWay ? [interruptedLine(last, active)] : []),
  ];
}

function interruptedLine(
  { action, to }: NonNullable<RootStatus["last"]>,
  active: RootStatus["active"],
): string {
  return active?.digest === to
    ? `that ${action} was cut short after it had switched: the new generation is whole and active`
    : `that ${action} was cut short before it switched: the old generation is whole; run it again`;
}
