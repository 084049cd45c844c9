import satisfies from "semver/functions/satisfies.js";
import minVersion from "semver/ranges/min-version.js";
import validRange from "semver/ranges/valid.js";

import { HOST_API_VERSION } from "../../domain/host.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { Finding } from "../document.ts";

/** A plugin may be meant for another host; its author should know that this one will not take it. */
export function checkHostApi({ hostApi }: Manifest): Finding[] {
  // A range that is none, or that nothing satisfies, is told as that.
  const isRange = validRange(hostApi) !== null && minVersion(hostApi) !== null;
  if (!isRange || satisfies(HOST_API_VERSION, hostApi)) return [];
  return [
    {
      code: "HOST_API_OTHER",
      severity: "warning",
      pointer: "/hostApi",
      message: `this host has API ${HOST_API_VERSION}, which \`${hostApi}\` leaves out`,
      expected: HOST_API_VERSION,
      found: hostApi,
      hint: `To run here it must admit ${HOST_API_VERSION}, for example \`^${HOST_API_VERSION}\`.`,
    },
  ];
}
