import { splitTarget } from "../rules/catalog.ts";
import type { Obstacle } from "../rules/obstacles.ts";
import type { Conflict, Fact, Found, Rejection } from "./conflict.ts";
import type { Suggestion } from "./suggest.ts";

/** Renders a conflict as plain sentences, for a terminal. */
export function explain({ facts, also, suggestions }: Conflict): string {
  const lines = sentencesOf(facts);
  const proof =
    lines.length === 1
      ? lines.map((line) => `${capitalised(line)}.`)
      : ["No set of versions meets all of this:", ...lines.map((line) => `  - ${line}`)];
  const [intro, ...ways] = waysOf(suggestions);
  return [
    ...proof,
    ...rivals(facts).map((name) => `Only one version of ${name} can run.`),
    ...sentencesOf(also).map((line) => `Also, ${line}.`),
    ...(intro === undefined ? [] : [intro, ...ways]),
  ].join("\n");
}

/** Renders what holds a version back. */
export function explainHold({ facts, suggestions }: Conflict, version: string): string {
  const asked = facts.find(({ by }) => by === "question");
  const others = facts.filter((fact) => fact !== asked);
  const [kind, name] = splitTarget(asked?.target ?? "plugin:");
  const own = asked && asked.found.kind !== "contradicted" ? describe(asked.found, kind) : "";
  return [
    `${name} ${version} is held back${own}${others.length > 0 ? ":" : ""}`,
    ...sentencesOf(others).map((line) => `  - ${line}`),
    ...waysOf(suggestions),
  ].join("\n");
}

function waysOf(suggestions: readonly Suggestion[]): readonly string[] {
  const ways = suggestions.map(({ changes }) =>
    changes
      .map(({ direction, name, range }, i) => {
        const isSame = changes[i - 1]?.direction === direction;
        return `${isSame ? "" : `${direction} `}${name} to ${range}`;
      })
      .join(" and "),
  );
  if (ways.length === 0) return [];
  const intro = ways.length === 1 ? "This was resolved and holds:" : "Each of these was resolved and holds:";
  return [intro, ...ways.map((way, i) => (ways.length === 1 ? `  ${way}` : `  (${letter(i)}) ${way}`))];
}

const letter = (place: number): string => String.fromCharCode("a".charCodeAt(0) + (place % 26));

const OF_ITSELF: ReadonlySet<Fact["verb"]> = new Set(["is-single", "shares", "agrees"]);

/** The plugins of which two facts want different versions: what they say is only wrong together. */
function rivals(facts: readonly Fact[]): readonly string[] {
  const contested = facts.filter(
    ({ verb, target, found }) =>
      (verb === "needs" || verb === "accepts") &&
      target.startsWith("plugin:") &&
      found.kind === "contradicted",
  );
  const names = contested.map(({ target }) => splitTarget(target)[1]);
  // Where versions could run side by side, they say themselves why these do not.
  const telling = new Set(
    facts.flatMap(({ by, verb }) =>
      typeof by === "object" && OF_ITSELF.has(verb) ? [by.plugin as string] : [],
    ),
  );
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i && !telling.has(name)))];
}

/** One line for each fact, but what the deployment needs is told together with what that needs in turn. */
function sentencesOf(facts: readonly Fact[]): readonly string[] {
  const told = new Set<Fact>();
  return facts.flatMap((fact) => {
    if (told.has(fact)) return [];
    const next = facts.find((other) => !told.has(other) && follows(other, fact, facts));
    if (!next) return [sentence(fact)];
    told.add(next);
    const versions = typeof next.by === "string" ? [] : next.by.versions;
    const [, name] = splitTarget(fact.target);
    return [`${name} ${fact.range} means ${list(versions)}, which ${statement(next, versions.length > 1)}`];
  });
}

/** Whether one fact is said by the versions that the deployment's need for them leaves, and nobody else needs them. */
function follows(other: Fact, { by, verb, target, found }: Fact, facts: readonly Fact[]): boolean {
  return (
    by === "deployment" &&
    verb === "needs" &&
    typeof other.by !== "string" &&
    target === `plugin:${other.by.plugin}` &&
    facts.filter((fact) => fact.target === target).length === 1 &&
    found.kind === "contradicted" &&
    found.rejected.length === 0 &&
    new Set(found.versions).symmetricDifference(new Set(other.by.versions)).size === 0
  );
}

function sentence(fact: Fact): string {
  const { by } = fact;
  if (typeof by === "string") return `the deployment ${statement(fact, false)}`;
  return `${by.plugin} ${list(by.versions)} ${statement(fact, by.versions.length > 1)}`;
}

function statement({ verb, target, range, replaces, found }: Fact, many: boolean): string {
  const [kind, name] = splitTarget(target);
  const told = replaces === undefined ? range : `${range} (by the deployment's override of ${replaces})`;
  const what = kind === "port" ? `port ${name} ${told}` : `${name} ${told}`;
  switch (verb) {
    case "needs":
      return `${many ? "need" : "needs"} ${what}${describe(found, kind)}`;
    case "accepts":
      return `${many ? "work" : "works"} with no other ${name} than ${told}`;
    case "refuses":
      return `${many ? "do" : "does"} not work with ${what}`;
    case "claims":
      return `${many ? "provide" : "provides"} port ${name}, which only one plugin may provide here`;
    case "is-single":
      return `${many ? "run" : "runs"} beside no other version`;
    case "shares":
      return `${many ? "run" : "runs"} beside other versions only where these do so too`;
    case "agrees":
      return `${many ? "provide" : "provides"} port ${name} ${range}, on which all versions of it that run must agree`;
    default:
      return verb satisfies never;
  }
}

function describe(found: Found, kind: string): string {
  switch (found.kind) {
    case "unknown": {
      const hint = found.closest === undefined ? "" : ` (did you mean ${found.closest}?)`;
      return kind === "port"
        ? `, and nothing in the store provides that port${hint}`
        : `, and the store has no plugin of that name${hint}`;
    }
    case "no-version":
      return `, and the store has only ${list(found.versions)}${preReleaseHint(found.versions)}`;
    case "withdrawn":
    case "wrong-host":
    case "unavailable":
      return `, but ${rejections(found.rejected)}`;
    case "contradicted": {
      const others = found.rejected.length > 0 ? `; ${rejections(found.rejected)}` : "";
      return ` (${list(found.versions)}${others})`;
    }
    default:
      return found satisfies never;
  }
}

const preReleaseHint = (versions: readonly string[]): string =>
  versions.every((version) => version.includes("-"))
    ? " (a range has to name a pre-release to admit one)"
    : "";

/** Versions that are out for the same reason are told together. */
const rejections = (rejected: readonly Rejection[]): string =>
  [...Map.groupBy(rejected, ({ obstacle }) => JSON.stringify(obstacle)).values()]
    .flatMap((same) =>
      same[0]
        ? [`${list(same.map(({ version }) => version))} ${why(same[0].obstacle, same.length > 1)}`]
        : [],
    )
    .join("; ");

function why(obstacle: Obstacle, many: boolean): string {
  switch (obstacle.kind) {
    case "host": {
      const { what, needs, has } = obstacle;
      const [run, need] = many ? ["do not run", "they need"] : ["does not run", "it needs"];
      return `${run} here: ${need} ${what} ${needs}, and this host has ${has}`;
    }
    case "yanked":
      return `${many ? "were" : "was"} taken back by the publisher${because(obstacle.reason)}`;
    case "revoked":
      return `${many ? "are" : "is"} revoked${because(obstacle.reason)}`;
    case "excluded":
      return `${many ? "are" : "is"} excluded by the deployment${because(obstacle.reason)}`;
    case "too-young": {
      const when = obstacle.published === undefined ? "at an unknown time" : `on ${obstacle.published}`;
      return `${many ? "were" : "was"} published ${when}, less than ${obstacle.days} days ago`;
    }
    case "pre-release":
      return `${many ? "are pre-releases" : "is a pre-release"}, which the deployment does not allow`;
    case "not-locked":
      return `${many ? "are" : "is"} not in the lock`;
    default:
      return obstacle satisfies never;
  }
}

const because = (reason: string): string => (reason === "" ? "" : ` (${reason})`);

/** Versions told one by one before the rest is only counted. */
const LISTED = 4;

function list(versions: readonly string[]): string {
  const told = versions.slice(0, LISTED);
  const rest = versions.length - told.length;
  const parts = rest > 0 ? [...told, `${rest} more`] : told;
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
