import { shadow, agree, type KillReport, type ShadowReport } from "../../src/risk/index.ts";
import { runPlugin } from "../../test/plugins/host.ts";
import { must, outcomeOf, type Say } from "./narrate.ts";
import { resting, type TradingDesk } from "./trading-desk.ts";

/** What an upgrade is tried on. */
const SAMPLES = 200;

/** Act 4: rules that are to come are tried on what really happened; then a connector is replaced under open orders. */
export async function upgrade(desk: TradingDesk, say: Say): Promise<ShadowReport> {
  for (let i = 0; i < SAMPLES; i++) {
    // One of them lies exactly on the collar: 5 % below the middle of 63,800.
    const order = resting("KRAKEN", { price: i === 100 ? "60610" : "62000" });
    must((await outcomeOf(desk.kraken.submit(order))) === "accepted", "every sample is allowed today");
    await desk.kraken.cancel(order);
  }
  const facts = desk.recorder.facts().slice(-SAMPLES);
  await using candidate = await runPlugin("risk-rules-pretrade", {
    config: { duplicateWindowMs: 0, maxMessagesPerSecond: 10_000, maxDeviationBps: 499 },
  });
  const report = await shadow(facts, desk.runtime.ports.one("risk-rules"), candidate.port("risk-rules"));
  say(`New rules judged ${report.judged} orders of today beside the ones that run, and sent nothing.`);
  for (const { intent, candidate: codes } of report.disagreements) {
    say(
      `  ${intent.clientOrderId} at ${"price" in intent ? intent.price : "market"}: allowed today, then ${codes.join(", ")}`,
    );
  }
  must(report.disagreements.length === 1, "exactly one order would be judged differently");
  say("One disagreement stops the change, until the risk officer accepts it with a reason.");

  const order = resting("KRAKEN");
  await desk.kraken.submit(order);
  const before = await roomTaken(desk);
  const { darkMs } = await desk.runtime.swap("@tradsys/limit-position");
  must((await roomTaken(desk)) === before, "what open orders had reserved is still reserved");
  say(
    `The position limit is exchanged while orders are open: calls waited ${darkMs.toFixed(1)} ms, and no reservation was lost.`,
  );
  let meanwhile = "";
  const fates = await desk.manager.replaceConnector("@tradsys/connector-kraken-sim", {
    deadManMs: 60_000,
    async work() {
      meanwhile = await outcomeOf(desk.kraken.submit(resting("KRAKEN")));
      must(
        (await outcomeOf(desk.binance.submit(resting("BINANCE")))) === "accepted",
        "other venues trade on",
      );
    },
  });
  say(
    `While the Kraken connector is replaced, its dead-man's switch is set to 300 s; new orders: ${meanwhile}.`,
  );
  say(
    `Before orders flow again each is accounted for: ${fates.map(({ clientOrderId, fate }) => `${clientOrderId} ${fate}`).join(", ")}. The switch is back at 60 s.`,
  );
  must(meanwhile === "DRAINING", "nothing opens at the venue meanwhile");
  must(
    fates.every(({ fate }) => fate === "accepted"),
    "the resting order outlived the change",
  );
  await desk.kraken.cancel(order);
  return report;
}

/** What the position limit would say of one more unit of Kraken's bitcoin. */
async function roomTaken({ runtime }: TradingDesk): Promise<string> {
  const found = runtime.ports.all("risk-limit").find(({ provider }) => provider.includes("limit-position"));
  const probe = resting("KRAKEN");
  const said = await found?.port.reserve(probe);
  await found?.port.release(probe.clientOrderId);
  return said?.observed ?? "nothing";
}

/** Act 5: answers get lost, and pages come where data should; nothing is sent twice, nothing is lost. */
export async function survive(desk: TradingDesk, say: Say): Promise<readonly string[]> {
  const lost = resting("BINANCE", { clientOrderId: "scenario-lost" });
  desk.venue.failNext("POST /api/v3/order", "lose-reply");
  say(`An order is sent, and no answer comes: ${await outcomeOf(desk.binance.submit(lost))}.`);
  say(
    `The strategy tries again: ${await outcomeOf(desk.binance.submit(lost))}. Nothing is sent a second time.`,
  );
  const page = resting("BINANCE", { clientOrderId: "scenario-page" });
  desk.venue.failNext("POST /api/v3/order", { status: 200, body: "<html>maintenance</html>" });
  say(`The venue answers an order with a web page: ${await outcomeOf(desk.binance.submit(page))}.`);
  const elsewhere = resting("KRAKEN");
  must((await outcomeOf(desk.kraken.submit(elsewhere))) === "accepted", "the other venue is not touched");
  await desk.kraken.cancel(elsewhere);

  const fates = await desk.gate.reconcile("BINANCE");
  const told = fates
    .filter(({ clientOrderId }) => clientOrderId.startsWith("scenario-"))
    .map(({ clientOrderId, fate }) => `${clientOrderId} ${fate}`);
  say(`The venue is asked about both: ${told.join(", ")}.`);
  must(
    told.join() === "scenario-lost accepted,scenario-page rejected",
    "the lost one was placed, the other never was",
  );
  const placed = desk.venue.orders().filter(({ clientOrderId }) => clientOrderId === "scenario-lost");
  must(placed.length === 1, "the venue has it once");
  return told;
}

/** Act 6: the drill, the kill, and the second person. */
export async function killDrill(desk: TradingDesk, say: Say): Promise<KillReport> {
  for (let i = 0; i < 3; i++) await desk.binance.submit(resting("BINANCE"));
  const drill = await desk.gate.cancelAll("venue:BINANCE", { dryRun: true });
  say(`A drill: ${drill.orders.length} orders of BINANCE would be cancelled. Nothing was.`);
  const began = performance.now();
  const killing = desk.gate.kill({ scope: "venue:BINANCE", by: "nadia", reason: "prices look wrong" });
  const refused = await outcomeOf(desk.binance.submit(resting("BINANCE")));
  say(`nadia kills BINANCE. The next order, ${(performance.now() - began).toFixed(1)} ms later: ${refused}.`);
  const report = await killing;
  for (const { clientOrderId, fate } of report.orders) say(`  ${clientOrderId.padEnd(16)} ${fate}`);
  must(
    report.orders.every(({ fate }) => fate === "cancelled"),
    "every order's fate is known",
  );
  must((await outcomeOf(desk.kraken.submit(resting("KRAKEN")))) === "accepted", "KRAKEN trades on");
  say(`nadia lets it trade again: ${resumed(desk, "nadia")}. omar does: ${resumed(desk, "omar")}.`);
  must((await outcomeOf(desk.binance.submit(resting("BINANCE")))) === "accepted", "BINANCE trades again");
  return report;
}

function resumed({ gate, latches }: TradingDesk, person: string): string {
  try {
    for (const latch of agree(latches, "venue:BINANCE", person)) gate.hold(latch);
    return "agreed";
  } catch (error) {
    return (error as { code: string }).code;
  }
}
