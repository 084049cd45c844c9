/** A host that prints what its plugins left uncaught, and a while later fails itself: `host-with-reports.ts ROOT`. */
import { startRuntime } from "../../../src/runtime/index.ts";

await startRuntime({
  root: process.argv[2] ?? "",
  onFailure: ({ plugin, error }) => {
    process.stdout.write(`${plugin}: ${error instanceof Error ? error.message : String(error)}\n`);
  },
});
setTimeout(() => {
  throw new Error("the host's own");
}, 100);
