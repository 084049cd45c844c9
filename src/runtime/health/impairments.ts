import type { FacetId } from "../../domain/ids.ts";
import type { RuntimeEvents } from "../supervision/events.ts";
import type { Impaired } from "./roll-up.ts";

const REASONS = {
  "breaker-open": "a user leaves it alone after several failures in a row",
  "budget-spent": "more of its calls fail than its error budget allows",
} as const;

const ENDS = { "breaker-closed": "breaker-open", "budget-restored": "budget-spent" } as const;

/** Providers that some user of theirs has trouble with, by what guards tell. */
export function impairments(events: RuntimeEvents): () => Impaired {
  const open = new Map<string, { readonly provider: FacetId; readonly reason: string }>();
  events.listen((event) => {
    if (event.event !== "guard") return;
    const { notice, user, provider, port } = event;
    if (notice === "breaker-open" || notice === "budget-spent") {
      open.set(`${notice} ${user} ${provider} ${port}`, { provider, reason: REASONS[notice] });
    } else open.delete(`${ENDS[notice]} ${user} ${provider} ${port}`);
  });
  return () => new Map([...open.values()].map(({ provider, reason }) => [provider, reason]));
}
