import { targetOf } from "../domain/manifest.ts";
import type { Change } from "../domain/plan.ts";
import type { Cycle } from "./cycle.ts";
import type { Edge } from "./edge.ts";
import { localTime } from "./policy/hours.ts";
import type { LegalWindow } from "./policy/window.ts";
import type { Refusal } from "./refusal.ts";

/** A refusal in words: what is wrong, and what the reader can do next. */
interface Explanation {
  readonly message: string;
  readonly hint: string;
}

/** Adding a kind of refusal breaks the build here. */
export function explainRefusal(refusal: Refusal): Explanation {
  switch (refusal.kind) {
    case "cycle":
      return explainCycle(refusal);
    case "blocked":
      return {
        message: [
          `${refusal.plugins.length} plugins would have to change at once, and the policy allows ${refusal.most}: ${refusal.plugins.join(", ")}`,
          ...refusal.because.map((why) => `  - ${why}`),
        ].join("\n"),
        hint: "Release a version that accepts both sides, or one with `multiVersion: true`; or raise policy.largestGroup.",
      };
    case "memory":
      return {
        message: `wave ${refusal.wave} needs ${refusal.needsMiB} MiB, and the budget is ${refusal.budgetMiB} MiB`,
        hint: "Raise memoryBudgetMiB of the platform, or deploy fewer plugins.",
      };
    case "one-way":
      return {
        message: [
          "these changes cannot be undone:",
          ...refusal.changes.map((change) => `  - ${explainOneWay(change)}`),
        ].join("\n"),
        hint: "--accept-one-way takes them nevertheless.",
      };
    case "evidence":
      return {
        message: [
          "the policy asks for evidence that these versions do not have:",
          ...refusal.missing.flatMap(({ plugin, version, lacking }) =>
            lacking.map(({ type, why }) => `  - ${plugin} ${version}: ${type}: ${why}`),
          ),
        ].join("\n"),
        hint: "Record what was tested under `evidence` in the manifest, and release it. --accept PLUGIN:TYPE=REASON does without, if somebody else approves.",
      };
    case "frozen":
      return {
        message: `nothing may be changed now: ${refusal.because.join("; ")}`,
        hint: refusal.next
          ? `The next window is ${windowText(refusal.next, refusal.zone)}. --emergency REASON goes ahead, with one approval more.`
          : "There is no window within a year: look at the policy and the calendars.",
      };
    default:
      return refusal satisfies never;
  }
}

function windowText({ start, end }: LegalWindow, zone: string): string {
  const from = start === null ? "open" : `from ${localTime(start, zone)} (${new Date(start).toISOString()})`;
  return end === null ? from : `${from} to ${localTime(end, zone)}`;
}

function explainOneWay(change: Change): string {
  if (!("state" in change)) return change.plugin;
  const { plugin, from, to, state } = change;
  return state === "lost"
    ? `${plugin} ${from} → ${to}: the new version cannot take over the state of the old one`
    : `${plugin} ${from} → ${to}: the old version cannot take back the state of the new one`;
}

/** The whole path, every edge with who states it, and what would break it. */
function explainCycle({ path, edges }: Cycle): Explanation {
  const isOnly = ({ from, to }: Edge): boolean =>
    edges.filter((other) => other.from === from && other.to === to).length === 1;
  const breakable = edges.filter((edge) => edge.origin.kind === "wire" && isOnly(edge));
  const pulled = edges.filter(({ from, origin }) => origin.kind === "wire" && origin.statedBy !== from);
  return {
    message: [
      `These facets wait for each other: ${path.join(" -> ")}`,
      ...edges.map((edge) => `  - ${edge.from} waits for ${edge.to}: ${originText(edge)}`),
      ...new Set(
        pulled.flatMap(({ origin }) =>
          origin.kind === "wire"
            ? [
                `With \`when: start\` for ${targetOf(origin.requirement)}, ${origin.statedBy} alone would wait, and not its whole plugin.`,
              ]
            : [],
        ),
      ),
    ].join("\n"),
    hint:
      breakable.length === 0
        ? "Change the order that the deployment states."
        : `\`when: enable\` breaks it where a facet can start without what it needs: ${[...new Set(breakable.map(({ origin }) => wish(origin)))].join(", or ")}. So does another provider of the port, or an adapter.`,
  };
}

const wish = (origin: Edge["origin"]): string =>
  origin.kind === "wire" ? `${targetOf(origin.requirement)} of ${origin.statedBy}` : origin.rule;

function originText({ from, origin }: Edge): string {
  if (origin.kind === "order") return `the deployment says so (${origin.rule})`;
  const { statedBy, requirement } = origin;
  return `${statedBy === from ? "it" : statedBy} requires ${targetOf(requirement)} (when: ${requirement.when})`;
}
