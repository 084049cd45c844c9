/** A process that starts the root it is given, stops it again and does not end itself: `start-and-stop.ts ROOT`. */
import { startRuntime } from "../../src/runtime/index.ts";

const runtime = await startRuntime({ root: process.argv[2] ?? "" });
process.stdout.write("ready\n");
await runtime.stop();
process.stdout.write("stopped\n");
