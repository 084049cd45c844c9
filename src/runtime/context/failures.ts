import { CODE_FILE } from "../../domain/bundle.ts";
import { enteredCell } from "./current.ts";

/** Something that a plugin threw and nobody caught: in a timer, a listener, or a promise that nobody awaited. */
export interface PluginFailure {
  /** `<name>@<version>`. */
  readonly plugin: string;
  readonly error: unknown;
}

/**
 * The plugin that an uncaught failure comes from: the one whose code threw it, else the one in whose name it ran. The
 * stack comes first, since a listener runs in the context of who emits, and an inline call in that of its caller.
 */
function culprit(error: unknown): string | undefined {
  const stack = Error.isError(error) ? String(error.stack) : "";
  return FRAME.exec(stack)?.[1] ?? enteredCell()?.home.plugin;
}

/** A frame of a plugin's code, whose file is `<name>@<version>/dist/plugin.js`. */
const FRAME = new RegExp(
  `^ +at .*?(@[^\\s/(]+/[^\\s/@]+@[^\\s/]+)/${CODE_FILE.replaceAll(".", "\\.")}:`,
  "m",
);

/**
 * Reports uncaught failures of plugins instead of ending the process. Any other still ends it, unless the host
 * listens for those itself.
 *
 * @returns Ends that.
 */
export function reportFailures(report: (failure: PluginFailure) => void): () => void {
  const take = (event: "uncaughtException" | "unhandledRejection") => (error: unknown) => {
    const plugin = culprit(error);
    if (plugin !== undefined) report({ plugin, error });
    else if (process.listenerCount(event) === 1) throw error;
  };
  const uncaught = take("uncaughtException");
  const unhandled = take("unhandledRejection");
  process.on("uncaughtException", uncaught);
  process.on("unhandledRejection", unhandled);
  return () => {
    process.off("uncaughtException", uncaught);
    process.off("unhandledRejection", unhandled);
  };
}
