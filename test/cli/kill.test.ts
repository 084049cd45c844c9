import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { expect, it, onTestFinished } from "vitest";

import { expectGolden, refusal, tradsys, tradsysJson, typed } from "../support/command.ts";
import {
  activeDesk,
  all,
  emptyFolder,
  pluginCode,
  release,
  writeDeployment,
  writePlugin,
} from "../support/desk.ts";

/** Sends two orders that rest, far from the market, as soon as risk knows a price. */
const SENDER = pluginCode(
  `async start() {
    for (const id of ["a", "b"]) void submit("trader-" + id);
  },`,
  `const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
   async function submit(clientOrderId: string): Promise<void> {
    for (;;) {
      try {
        await context.ports.one("order-entry").submit({
          clientOrderId, instrument: "KRAKEN:BTC/USDT", side: "buy", type: "limit", price: clientOrderId.endsWith("a") ? "62000" : "62001",
          quantity: "0.01", timeInForce: "GTC", reduceOnly: false, strategy: "trader",
        });
        return context.log.info("sent", { clientOrderId });
      } catch (error) {
        if (String(error).includes("halted")) return context.log.info("refused", { clientOrderId });
        await delay(50);
      }
    }
   }`,
);

/** A desk with a strategy that has two orders resting, and a host that runs it. */
async function tradingDesk(): Promise<string> {
  const folder = await activeDesk();
  const bundle = await writePlugin(folder, {
    name: "trader",
    code: SENDER,
    manifest: `facets: { main: { requires: [{ port: order-entry, range: "^2" }] } }`,
  });
  await release(folder, "trader", bundle);
  const plugins = [
    "connector-kraken-sim",
    "limit-position",
    "md-normaliser",
    "risk-core",
    "risk-rules-pretrade",
  ];
  await writeDeployment(folder, "trading.yaml", {
    ...Object.fromEntries(plugins.map((plugin) => [`@tradsys/${plugin}`, "*"])),
    "@acme/trader": "*",
  });
  await all(folder, ["resolve trading.yaml", "plan trading.yaml", "apply trading.plan.json"]);
  await running(folder, 2);
  return folder;
}

/** Starts the host, and waits until so many orders were sent. */
async function running(folder: string, orders: number): Promise<void> {
  const child = spawn(process.execPath, typed("run --json"), {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  });
  let sent = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, message } = JSON.parse(line) as { event?: string; message?: string };
    if (event === "log" && (message === "sent" || message === "refused")) sent++;
    if (sent === orders) break;
  }
  child.stdout.resume();
}

it("K1: tells in a drill what a kill would do, then does it, and reports each order's fate", async () => {
  const folder = await tradingDesk();
  expect(await expectGolden(folder, "kill --venue KRAKEN --dry-run", { golden: "kill/drill" })).toMatchObject(
    { code: 0 },
  );
  const killed = await expectGolden(folder, "kill --venue KRAKEN --reason wrong-prices", {
    golden: "kill/venue",
  });
  expect(killed).toMatchObject({ code: 0 });
  // Who stopped it cannot start it again, and a host that starts anew is still stopped.
  expect(await refusal(folder, "resume --venue KRAKEN", { golden: "kill/own" })).toBe(77);
  expect(await refusal(folder, "resume --venue BINANCE", { golden: "kill/not-held" })).toBe(66);
  expect(await tradsysJson(folder, "kill --venue KRAKEN --dry-run")).toMatchObject({
    data: { report: { orders: [] } },
  });
});

it("halts from the next start on where no host runs", async () => {
  const folder = await emptyFolder();
  const ended = await tradsys(folder, "kill --all --reason fire --wait 10ms");
  expect(ended).toMatchObject({ code: 1, stdout: expect.stringContaining("halted from the next start on") });
});

it.each([
  ["no scope", "kill --reason fire", "no-scope"],
  ["two scopes", "kill --venue A --account B --reason fire", "two-scopes"],
  ["no reason", "kill --venue A", "no-reason"],
])("refuses %s", async (_, line, golden) => {
  expect(await refusal(await emptyFolder(), line, { golden: `kill/${golden}` })).toBe(64);
});
