// A simulated Binance on this machine: real HTTP, real WebSocket, signed requests.
import { readFileSync } from "node:fs";

import { startSimulatedVenue } from "tradsys/testing";

const secret = (name) => readFileSync(`secrets/${name}`, "utf8").trim();

try {
  const venue = await startSimulatedVenue({
    apiKey: secret("binance-api-key"),
    apiSecret: secret("binance-api-secret"),
    port: Number(process.argv[2] ?? 18080),
    tickerIntervalMs: 200,
  });
  console.log(`simulated venue at ${venue.url}, until Ctrl-C`);
  const close = () => void venue.close();
  process.once("SIGTERM", close).once("SIGINT", close);
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 75;
}
