import type { RuntimeEvent } from "../../runtime/index.ts";
import { milliseconds, plural } from "../documents.ts";

/** A line for each event that somebody who operates a host wants to know of; `undefined` for all others. */
export function eventLine(event: RuntimeEvent): string | undefined {
  switch (event.event) {
    case "facet": {
      const { facet, state } = event;
      if (state.state === "degraded") return `degraded ${facet}: ${state.reason}`;
      return state.state === "draining" ? `draining ${facet}` : undefined;
    }
    case "crashed":
      return `crashed  ${event.reason}`;
    case "restarting":
      return `restart  ${event.plugin} in ${milliseconds(event.inMs)}, attempt ${event.attempt}`;
    case "recovered":
      return `restored ${event.plugin} after ${milliseconds(event.downMs)}`;
    case "validated":
      return event.drift.length === 0 ? undefined : `drift    ${event.drift.join("; ")}`;
    case "quarantined":
      return `shut out ${event.plugin}: ${event.reason}`;
    case "swapped":
      return `swapped  ${event.plugin} for ${event.from}, dark for ${milliseconds(event.darkMs)}`;
    case "rolled-back":
      return `reverted ${event.plugin} to ${event.from}: ${event.reason}`;
    case "incident":
      return `incident ${event.incident}: ${event.reason}`;
    case "incident-over":
      return `incident ${event.incident} is over: ${plural(event.failures, "facet")} did not serve for ${milliseconds(event.forMs ?? 0)}`;
    case "guard":
      return `guard    ${event.port} of ${event.provider} for ${event.user}: ${event.notice}`;
    case "pressure":
      return `memory   ${event.level}: ${event.of} is used to ${Math.round((100 * event.usedBytes) / event.limitBytes)} %`;
    case "mode":
      return `mode     ${event.facet} ${event.mode}`;
    case "started":
    case "stopping":
    case "stopped":
      return undefined;
    default:
      return event satisfies never;
  }
}
