// A trading process: starts what is active in .tradsys and uses its ports.
import { readFileSync } from "node:fs";

import { startRuntime } from "tradsys/runtime";

const INSTRUMENT = "BINANCE:BTC/USDT";

const runtime = await startRuntime({
  root: ".tradsys",
  secret: (name) => readFileSync(`secrets/${name}`, "utf8").trim(),
});
console.log(
  `started ${runtime.status().size} facets in ${Math.round(runtime.report.readyMs)} ms, ` +
    `of which ${Math.round(runtime.report.verifyMs)} ms verified every byte`,
);

const at = (name) =>
  runtime.ports.all(name).find(({ provider }) => provider.startsWith("@tradsys/connector-binance#")).port;
const [marketData, orders, account] = [at("market-data"), at("order-entry"), at("account")];

let seen = 0;
for await (const event of marketData.subscribe({ instrument: INSTRUMENT, channel: "quote" }).events) {
  if (event.type !== "quote") continue;
  const { bid, ask, last } = event.quote;
  console.log(`market data  ${INSTRUMENT}  bid ${bid}  ask ${ask}  last ${last}`);
  if (++seen === 2) break;
}

const run = process.pid.toString(36);
for (const [i, quantity] of ["0.05", "0.2"].entries()) {
  const order = {
    clientOrderId: `desk-${run}-${i}`,
    instrument: INSTRUMENT,
    side: "buy",
    quantity,
    reduceOnly: false,
    type: "market",
  };
  try {
    const { state, venueOrderId } = await orders.submit(order);
    console.log(`buy ${quantity.padEnd(4)}  ${state} by the venue as order ${venueOrderId}`);
  } catch (error) {
    console.log(`buy ${quantity.padEnd(4)}  not sent: ${error.code}: ${error.message}`);
  }
}
const balances = await account.balances();
console.log(`balances     ${balances.map(({ asset, free }) => `${free} ${asset}`).join(", ")}`);

const failures = await runtime.stop();
console.log(
  failures.length === 0 ? "stopped in reverse order" : failures.map(({ message }) => message).join("\n"),
);
