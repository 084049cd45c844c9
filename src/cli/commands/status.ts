import { rootStatus, type RootStatus } from "../../activation/status.ts";
import { defineCommand } from "../command.ts";
import { plural, short } from "../documents.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";
import { table } from "../table.ts";

export const statusCommand = defineCommand({
  usage: "",
  example: "tradsys status --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [0, 0],

  async run({ flags }, io) {
    const status = await rootStatus(io.files, rootOf(io, flags));
    return { data: status, lines: describe(status) };
  },
});

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
