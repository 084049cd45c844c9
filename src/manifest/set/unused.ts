import type { Diagnostic } from "../../domain/diagnostic.ts";
import { escapePointer } from "../document.ts";
import { hasField } from "../layers/explain.ts";
import type { Hierarchy, Scope } from "../layers/scope.ts";

/** Configuration of a wide scope is for somebody: at least one plugin inside knows the field. */
export const checkUnused = ({ platform, systems, groups, plugins }: Hierarchy): Diagnostic[] =>
  [platform, ...systems.values(), ...groups.values()].flatMap((scope) =>
    Object.keys(scope.layer.config ?? {})
      .filter(
        (name) =>
          !plugins.some(
            ({ plugin, manifest }) => plugin.around.includes(scope) && hasField(manifest.value, name),
          ),
      )
      .map((name) => unused(scope, name)),
  );

const unused = (scope: Scope, name: string): Diagnostic => ({
  code: "CONFIG_UNUSED",
  severity: "warning",
  message: `no plugin of ${scope.name} has \`${name}\` in its configuration`,
  location: scope.place(`/config/${escapePointer(name)}`),
  hint: "Look for a typing mistake, or remove it.",
});
