import type { Diagnostic } from "../../domain/diagnostic.ts";
import { applied, placeIn, type Hierarchy, type PluginScopes } from "../layers/scope.ts";
import { contradiction, settingSide, type Side } from "./contradiction.ts";

/** Nobody gives a plugin less time than it says it needs, and no warm-up ends before the plugins in it may be ready. */
export const checkTimeouts = ({ plugins }: Hierarchy): Diagnostic[] =>
  plugins.flatMap((scopes) => [...startBelowNeed(scopes), ...warmUpBelowStart(scopes)]);

function startBelowNeed(scopes: PluginScopes): Diagnostic[] {
  const { startTimeoutMs: need } = scopes.manifest.value.resources;
  const start = applied(scopes.plugin, "startTimeoutMs");
  // The deployment may cut a plugin short on purpose; a wider scope that does so has forgotten it.
  if (!start || start.from === scopes.plugin || start.value >= need) return [];
  return [
    contradiction(
      `${start.from.name} gives ${scopes.manifest.value.name} ${start.value} ms to start, and it needs ${need} ms`,
      [settingSide("startTimeoutMs", start), needSide(scopes)],
      "Raise the wider time-out, or state a shorter one for this plugin in the deployment.",
    ),
  ];
}

function warmUpBelowStart(scopes: PluginScopes): Diagnostic[] {
  const warmUp = applied(scopes.plugin, "warmUpTimeoutMs");
  const start = applied(scopes.plugin, "startTimeoutMs");
  const time = start?.value ?? scopes.manifest.value.resources.startTimeoutMs;
  if (!warmUp || warmUp.value >= time) return [];
  return [
    contradiction(
      `the warm-up of ${warmUp.from.name} ends after ${warmUp.value} ms, and ${scopes.manifest.value.name} may take ${time} ms to start`,
      [
        settingSide("warmUpTimeoutMs", warmUp),
        start ? settingSide("startTimeoutMs", start) : needSide(scopes),
      ],
      "A warm-up lasts at least as long as the slowest start in it.",
    ),
  ];
}

const needSide = ({ manifest }: PluginScopes): Side => ({
  text: `startTimeoutMs ${manifest.value.resources.startTimeoutMs} of ${manifest.value.name}`,
  location: placeIn(manifest, "/resources/startTimeoutMs"),
});
