import { outdated, type Outdated } from "../../resolver/answers/why-not.ts";
import { defineCommand } from "../command.ts";
import { ROOT_OPTION } from "../options.ts";
import { lockOf, resolving } from "../resolving.ts";
import { table } from "../table.ts";

export const outdatedCommand = defineCommand({
  usage: "<deployment>",
  example: "tradsys outdated paper-desk.yaml --root /srv/tradsys",
  options: { ...ROOT_OPTION },
  positionals: [1, 1],

  async run({ flags, args: [arg = ""] }, io) {
    const asked = await resolving(io, arg, flags);
    const locked = new Map(lockOf(asked).plugins.map(({ name, version }) => [name, version]));
    const found = outdated(asked.request, locked);
    const header = ["plugin", "locked", "possible", "newest", ""];
    return {
      data: found,
      lines:
        found.length === 0
          ? ["Everything is as new as the store has it."]
          : table([header, ...found.map(describe)]),
    };
  },
});

function describe({ name, version, possible, newest, heldBy }: Outdated): string[] {
  const holders = heldBy.map((holder) => (holder === "deployment" ? "the deployment" : holder));
  return [name, version, possible, newest, holders.length === 0 ? "" : `held back by ${holders.join(", ")}`];
}
