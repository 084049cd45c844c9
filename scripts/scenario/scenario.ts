/** A desk's day in six acts, on real plugins and simulated venues: `npm run scenario`. Ends with an error where it is not true. */
import { styleText } from "node:util";

import { orderFacets, proveConflict, resolveDesk } from "./planning.ts";
import { openTradingDesk } from "./trading-desk.ts";
import { killDrill, survive, upgrade } from "./trading.ts";

const say = (line: string): void => console.log(line);
const act = (number: number, title: string): void =>
  say(`\n${styleText("bold", `Act ${number} — ${title}`)}\n`);

act(1, "What fits together");
resolveDesk(say);
act(2, "What does not, and the proof");
proveConflict(say);
act(3, "The order in which it starts");
orderFacets(say);

say("\nNow the desk is built, signed, applied and started: two venues behind one risk manager.");
await using desk = await openTradingDesk();
act(4, "An upgrade, tried before it counts");
await upgrade(desk, say);
act(5, "A venue that fails");
await survive(desk, say);
act(6, "The kill switch");
await killDrill(desk, say);
say("\nNo order was lost, doubled, or left without an answer.");
