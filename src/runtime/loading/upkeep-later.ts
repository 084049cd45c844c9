import { calm } from "../lifecycle/pace.ts";
import type { Upkeep } from "./upkeep.ts";

/**
 * Makes ready for the next start once the process has been running for a while, in a moment without much to do. Keeps
 * no process alive.
 */
export function upkeepLater(afterMs: number, upkeep: () => Upkeep): void {
  const { signal } = upkeep();
  const timer = setTimeout(() => {
    void calm()
      .then(() => import("./upkeep.ts"))
      .then(({ makeReadyForNextStart }) => makeReadyForNextStart(upkeep()))
      // A start without it takes longer, and that is all.
      .catch(() => 0);
  }, afterMs).unref();
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
}
