import { type Digest, type FacetId, instanceOf } from "../../domain/ids.ts";
import type { StartMarks } from "../../store/quarantine.ts";
import type { FacetState } from "../lifecycle/facet-state.ts";
import type { Owners } from "../startable.ts";

/** Keeps the marks of what is starting: a bundle has one for as long as any of its facets starts. */
export function markStarts(
  owners: Owners,
  marks: StartMarks | undefined,
): (facet: FacetId, state: FacetState) => void {
  if (!marks) return () => undefined;
  const starting = new Map<FacetId, Digest>();
  return (facet, { state }) => {
    const before = starting.get(facet);
    const content = owners.get(instanceOf(facet))?.plugin.content;
    if (state === "starting" && content !== undefined) {
      if (![...starting.values()].includes(content)) marks.begin(content);
      starting.set(facet, content);
    } else if (before !== undefined && starting.delete(facet)) {
      if (![...starting.values()].includes(before)) marks.end(before);
    }
  };
}
