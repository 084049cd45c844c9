import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { explain } from "../../src/resolver/answers/explain.ts";
import type { Term, Variable } from "../../src/resolver/engine/model.ts";
import { resolve } from "../../src/resolver/resolve.ts";
import { Session } from "../../src/resolver/session.ts";
import { proofOf } from "./proof.ts";
import { asks, HOST } from "./registry.ts";
import { FIRST_DEPLOYMENT, TRADING } from "./trading.ts";

const readme = readFileSync(new URL("../../src/resolver/README.md", import.meta.url), "utf8");
const request = {
  requirements: asks({ ...FIRST_DEPLOYMENT, "connector-binance": "^3" }),
  candidates: TRADING,
  host: HOST,
  prefer: new Map(),
  stepBudget: 1000,
};

/** The derivation behind the last refutation, in names and versions. */
function derivationOf({ search, encoding }: Session): string {
  const { model } = search;
  const nameOf = (variable: Variable) => {
    const meaning = encoding.meaning(variable);
    return meaning?.kind === "plugin"
      ? meaning.copy.listing.name.replace("@tradsys/", "")
      : `variable ${variable}`;
  };
  const told = ({ variable, set }: Term) => {
    const meaning = encoding.meaning(variable);
    const candidates = meaning?.kind === "plugin" ? meaning.copy.candidates : [];
    const versions = candidates.flatMap(({ manifest }, i) =>
      model.sets.has(set, i + 1) ? [manifest.version] : [],
    );
    return `${nameOf(variable)} is ${[...versions, ...(model.sets.has(set, 0) ? ["absent"] : [])].join(" or ")}`;
  };
  return proofOf(search)
    .map(({ terms, from }, place) => {
      const clause = terms.length === 0 ? "false" : terms.map(told).join(", or ");
      const number = String(place + 1).padStart(2);
      switch (from.kind) {
        case "resolvent":
          return `${number}  ${clause}   (from ${from.left + 1} and ${from.right + 1})`;
        case "row":
          return `${number}  ${clause}   (stated by ${nameOf(model.owner.data[from.row] ?? -1)})`;
        case "fact":
          return `${number}  ${clause}   (asked for)`;
        case "limit":
          return `${number}  ${clause}   (all that can be chosen)`;
        default:
          return from satisfies never;
      }
    })
    .join("\n");
}

it("shows the derivation that the search makes", () => {
  const session = new Session(request);
  const { requirements } = session.catalog.request;
  expect(session.solve(requirements, { left: 0 }).kind).toBe("none");
  const [, text] = /```proof\n([^]*?)\n```/.exec(readme) ?? [];
  expect(derivationOf(session)).toBe(text);
});

it("proves why one connector cannot move alone, in these words", async () => {
  const outcome = resolve(request);
  const [, text] = /```\n(No set of versions[^]*?)\n```/.exec(readme) ?? [];
  const proof = outcome.kind === "conflict" ? explain(outcome.conflict) : outcome.kind;
  expect(proof).toBe(text);
  await expect(`${proof}\n`).toMatchFileSnapshot("../golden/resolver/trading-conflict.txt");
});
