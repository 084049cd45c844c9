import { setTimeout as delay } from "node:timers/promises";

import { TradsysError } from "../../domain/errors.ts";
import { askForDrill, keepLatch, readKillReport } from "../../risk/trading-folder.ts";
import type { KillReport } from "../../risk/trading-gate.ts";
import { newLatch } from "../../risk/trading-states.ts";
import { defineCommand, type Io } from "../command.ts";
import { plural } from "../documents.ts";
import { durationOf, ROOT_OPTION, rootOf } from "../options.ts";
import { table } from "../table.ts";
import { SCOPE_OPTIONS, scopeOf } from "../trading.ts";

/** Between two looks for the host's report, in milliseconds. */
const LOOK_MS = 20;

export const killCommand = defineCommand({
  usage: "",
  example: 'tradsys kill --venue BINANCE --reason "prices look wrong" --root /srv/tradsys',
  options: {
    ...ROOT_OPTION,
    ...SCOPE_OPTIONS,
    reason: { type: "string", value: "TEXT", description: "Why, for those who read it later" },
    "dry-run": { type: "boolean", description: "Only tell what would be cancelled: a drill" },
    wait: {
      type: "string",
      value: "TIME",
      description: "Wait so long for the running host's report (default: 10s)",
    },
  },
  positionals: [0, 0],

  async run({ flags }, io) {
    const root = rootOf(io, flags);
    const scope = scopeOf(flags);
    const dryRun = flags["dry-run"] === true;
    const { reason } = flags;
    if (reason === undefined && !dryRun) {
      throw new TradsysError("USAGE", "missing option: --reason", {
        hint: `For example: \`${killCommand.example}\``,
      });
    }
    const latch = newLatch(
      { scope, state: "halted", by: io.user, reason: reason ?? "a drill" },
      io.now().getTime(),
    );
    await (dryRun ? askForDrill : keepLatch)(io.files, root, latch);
    io.progress("waiting for the running host");
    const report = await reportOn(io, root, {
      latch,
      waitMs: durationOf(flags.wait ?? "10s"),
    });
    return {
      data: { scope, dryRun, latch: dryRun ? null : latch.id, report: report ?? null },
      lines: report ? linesOf(report) : [silence(dryRun, scope)],
      // Something may still be open at a venue: whoever killed has to look there.
      exit: report && report.orders.every(({ fate }) => dryRun || fate !== "unknown") ? 0 : 1,
    };
  },
});

const silence = (dryRun: boolean, scope: string): string =>
  dryRun
    ? "no running host answered: nothing can be said about open orders"
    : `${scope} is halted from the next start on; no running host answered, so look for open orders at the venue`;

async function reportOn(
  io: Io,
  root: string,
  { latch, waitMs }: { readonly latch: Parameters<typeof keepLatch>[2]; readonly waitMs: number },
): Promise<KillReport | undefined> {
  for (const until = performance.now() + waitMs; ;) {
    const report = await readKillReport(io.files, root, latch);
    if (report || io.signal.aborted || performance.now() > until) return report;
    await delay(LOOK_MS);
  }
}

function linesOf({ scope, dryRun, calledOff, orders }: KillReport): string[] {
  const rows = orders.map(({ instrument, clientOrderId, fate, reason = "" }) => [
    "  ",
    instrument,
    clientOrderId,
    dryRun ? `is ${fate}` : fate,
    reason,
  ]);
  return [
    `${scope} ${dryRun ? "would be halted" : "is halted"}: ${plural(calledOff.length, "submit")} called off, ${plural(orders.length, "order")} found`,
    ...table(rows),
    ...(dryRun ? [] : [`Another person lets it trade again: \`tradsys resume\`.`]),
  ];
}
