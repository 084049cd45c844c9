import type { Diagnostic, Location } from "../../domain/diagnostic.ts";
import type { Settings } from "../../domain/platform.ts";
import type { Applied, Scope } from "../layers/scope.ts";

/** One side of a contradiction: what is stated, and where. */
export interface Side {
  readonly text: string;
  readonly location: Location;
}

/** Two statements that cannot both hold. The first is where it is reported; the second is shown with it. */
export function contradiction(
  message: string,
  [first, ...others]: readonly [Side, ...Side[]],
  hint: string,
): Diagnostic {
  return {
    code: "CONFIG_CONTRADICTION",
    severity: "error",
    message,
    location: first.location,
    related: others.map(({ text, location }) => ({ message: text, location })),
    hint,
  };
}

/** The place of a setting that applies, in words and in the file. */
export const settingSide = (key: keyof Settings, { value, from }: Applied<unknown>): Side => ({
  text: `${key} ${String(value)} of ${from.name}`,
  location: from.place(`/settings/${key}`),
});

/** The same for a setting that a scope states itself. */
export const ownSide = (key: keyof Settings, scope: Scope): Side =>
  settingSide(key, { value: scope.layer.settings?.[key], from: scope });
