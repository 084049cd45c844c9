import { join } from "node:path";

import { nameOf } from "../../build/sizes.ts";
import type { BuildSummary, Place } from "../../build/state.ts";
import type { Io, Outcome } from "../command.ts";
import { milliseconds, plural, short, size } from "../documents.ts";
import { shownPath } from "../render.ts";
import { table } from "../table.ts";
import { inDependencyOrder } from "./order.ts";

/** A plugin whose bundle is where it belongs. */
export interface Built {
  readonly place: Place;
  readonly summary: BuildSummary;
  /** Milliseconds; absent where nothing had changed. */
  readonly ms?: number;
}

/** What is told of builds: providers before those that need them. */
export function outcomeOf(io: Io, built: readonly Built[]): Outcome {
  const ordered = inDependencyOrder(built.map((each) => ({ ...each, ...each.summary })));
  return {
    data: ordered.map(({ place, summary, ms }) => dataOf(place, summary, ms)),
    lines: ordered.flatMap(({ place, summary, ms }) =>
      linesOf(summary, { path: shownPath(join(place.out, summary.fileName), io.cwd), ms }),
    ),
    diagnostics: ordered.flatMap(({ summary }) => summary.warnings),
  };
}

const dataOf = (place: Place, summary: BuildSummary, ms: number | undefined) => {
  const { name, version, fileName, content, blob, packages, untyped } = summary;
  return {
    name,
    version,
    path: join(place.out, fileName),
    content,
    blob,
    size: summary.size,
    packages,
    unchanged: ms === undefined,
    typesChecked: untyped === undefined,
  };
};

function linesOf(
  { name, version, content, packages, untyped, shares, ...summary }: BuildSummary,
  { path, ms }: { readonly path: string; readonly ms: number | undefined },
): string[] {
  const facts = [
    size(summary.size),
    plural(packages.length, "package"),
    `content ${short(content)}`,
    ...(untyped === undefined ? [] : [`types not checked: ${untyped}`]),
    ms === undefined ? "unchanged" : milliseconds(ms),
  ];
  const largest = shares.map((share) => [size(share.bytes).padStart(10), nameOf(share)]);
  return [
    `${name}@${version} → ${path}`,
    `  ${facts.join(", ")}`,
    ...table(largest).map((line) => `  ${line}`),
  ];
}
