import { keepLatch, readLatches } from "../../risk/trading-folder.ts";
import { agree, isLifted } from "../../risk/trading-states.ts";
import { defineCommand } from "../command.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";
import { SCOPE_OPTIONS, scopeOf } from "../trading.ts";

export const resumeCommand = defineCommand({
  usage: "",
  example: "tradsys resume --venue BINANCE --root /srv/tradsys",
  options: { ...ROOT_OPTION, ...SCOPE_OPTIONS },
  positionals: [0, 0],

  async run({ flags }, io) {
    const root = rootOf(io, flags);
    const scope = scopeOf(flags);
    const agreed = agree(await readLatches(io.files, root), scope, io.user);
    for (const latch of agreed) await keepLatch(io.files, root, latch);
    const waiting = agreed.filter((latch) => !isLifted(latch));
    return {
      data: { scope, lifted: waiting.length === 0, latches: agreed },
      lines: [
        waiting.length === 0
          ? `${scope} trades again`
          : `${scope} stays held: nobody set it, so a second person has to agree as well`,
      ],
    };
  },
});
