/** A host that may be lost: starts a root, lets the hostile plugin act, and tells how everybody fares. */
import { startRuntime } from "tradsys/runtime";

import { portsOf } from "./ports.ts";

const [root = "", file = ""] = process.argv.slice(2);
const runtime = await startRuntime({
  root,
  isolation: { watching: { heartbeatMs: 1000, sampleMs: 20 } },
});
const { ask } = portsOf(runtime);

const told = await runtime
  .limited({ ms: 4000 }, async () => ask("hostile", "act", file))
  .then(
    (value) => ({ value }),
    (error: unknown) => ({ code: (error as { code?: string }).code ?? "BAD_RESPONSE" }),
  );
// Time for what it left behind to go wrong.
await new Promise((resolve) => void setTimeout(resolve, 50));
const fares = await ask("neighbour", "check");
await runtime.stop();
process.stdout.write(JSON.stringify({ told, fares }));
