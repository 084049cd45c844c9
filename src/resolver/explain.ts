import { splitTarget } from "./candidates.ts";
import type { Conflict, Fact, Found, Rejection } from "./conflict.ts";

/** Renders a conflict as plain sentences, for a terminal. */
export function explain({ facts, suggestions }: Conflict): string {
  const proof =
    facts.length === 1
      ? facts.map((fact) => `${capitalised(sentence(fact))}.`)
      : ["No set of versions meets all of this:", ...facts.map((fact) => `  - ${sentence(fact)}`)];
  const ways = suggestions.map(
    ({ changes }) => `  - change ${changes.map(({ name, range }) => `${name} to ${range}`).join(" and ")}`,
  );
  return [
    ...proof,
    ...(hasRivals(facts) ? ["A deployment holds one version of each plugin."] : []),
    ...(ways.length > 0 ? ["Each of these was resolved and holds:", ...ways] : []),
  ].join("\n");
}

/** True where two facts want different versions of one plugin: what they say is only wrong together. */
function hasRivals(facts: readonly Fact[]): boolean {
  const contested = facts.filter(
    ({ verb, target, found }) =>
      verb !== "refuses" && target.startsWith("plugin:") && found.kind === "contradicted",
  );
  return new Set(contested.map(({ target }) => target)).size < contested.length;
}

function sentence({ by, verb, target, range, found }: Fact): string {
  const [kind, name] = splitTarget(target);
  const what = kind === "port" ? `port ${name} ${range}` : `${name} ${range}`;
  const who = by === "deployment" ? "the deployment" : `${by.plugin} ${list(by.versions)}`;
  const many = by !== "deployment" && by.versions.length > 1;
  switch (verb) {
    case "needs":
      return `${who} ${many ? "need" : "needs"} ${what}, ${describe(found, kind)}`;
    case "accepts":
      return `${who} ${many ? "work" : "works"} with no other ${name} than ${range}`;
    case "refuses":
      return `${who} ${many ? "do" : "does"} not work with ${what}`;
    default:
      return verb satisfies never;
  }
}

function describe(found: Found, kind: string): string {
  switch (found.kind) {
    case "unknown": {
      const hint = found.closest === undefined ? "" : ` (did you mean ${found.closest}?)`;
      return kind === "port"
        ? `and nothing in the store provides that port${hint}`
        : `and the store has no plugin of that name${hint}`;
    }
    case "no-version":
      return `and the store has only ${list(found.versions)}`;
    case "wrong-host":
      return `but ${found.rejected.map(rejection).join("; ")}`;
    case "contradicted": {
      const others = found.rejected.length > 0 ? ` (${found.rejected.map(rejection).join("; ")})` : "";
      return `which ${list(found.versions)} ${found.versions.length > 1 ? "meet" : "meets"}${others}`;
    }
    default:
      return found satisfies never;
  }
}

const rejection = ({ version, misfit }: Rejection): string =>
  `${version} does not run here: it needs ${misfit.what} ${misfit.needs}, and this host has ${misfit.has}`;

/** Versions told one by one before the rest is only counted. */
const LISTED = 4;

function list(versions: readonly string[]): string {
  const told = versions.slice(0, LISTED);
  const rest = versions.length - told.length;
  const parts = rest > 0 ? [...told, `${rest} more`] : told;
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
