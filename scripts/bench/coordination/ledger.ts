/**
 * What it costs to reserve and give back, beside the plainest counter that could stand for it, in one run.
 * Target: a reservation made and released in at most 500 ns.
 *
 * `node scripts/bench/coordination/ledger.ts [rounds]`
 */
import { Ledger } from "../../../src/runtime/resources/ledger.ts";
import { Owner } from "../../../src/runtime/resources/owner.ts";
import { describe, measureInTurn } from "../interleaved.ts";

const rounds = Number(process.argv[2] ?? 15);
const TIMES = 100_000;

const platform = Owner.platform({ memoryBytes: 2 ** 30, startSlots: 8 });
const plugins = ["exchange", "risk"].flatMap((system) => {
  const owner = platform.within(system, { limits: { memoryBytes: 2 ** 29 } });
  return Array.from({ length: 15 }, (_, at) => owner.within(`${system} ${at}`));
});
const ledger = new Ledger();
for (const plugin of plugins) ledger.tryReserve(plugin, { memoryBytes: 2 ** 20 });

/** Nanoseconds of one turn, so that a round's figure is that of one reservation. */
const each = (name: string, turn: (at: number) => void) => ({
  name,
  measure() {
    const began = process.hrtime.bigint();
    for (let at = 0; at < TIMES; at++) turn(at);
    return Number(process.hrtime.bigint() - began) / TIMES;
  },
});

let used = 0;
const limit = 2 ** 30;
const one = { memoryBytes: 4096 };
const two = { memoryBytes: 4096, startSlots: 1 };
const owner = (at: number): Owner => plugins[at % plugins.length] ?? platform;

const [counter, ...subjects] = measureInTurn(
  [
    each("a counter and its limit", (at) => {
      if (used + at > limit) throw new Error("full");
      used += at;
      used -= at;
    }),
    each("reserve + release", (at) => ledger.tryReserve(owner(at), one)?.release()),
    each("… of two resources", (at) => ledger.tryReserve(owner(at), two)?.release()),
  ],
  rounds,
);
if (!counter) throw new Error("nothing was measured");
for (const subject of [counter, ...subjects]) console.log(describe(subject, counter, "ns"));
