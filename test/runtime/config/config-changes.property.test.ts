import * as fc from "fast-check";
import { expect, it } from "vitest";

import type { Json } from "../../../src/domain/canonical.ts";
import { configChanges } from "../../../src/runtime/config/config-changes.ts";

type Config = { readonly [key: string]: Json };

const { config } = fc.letrec<{ config: Config; value: Json }>((tie) => ({
  config: fc.dictionary(fc.constantFrom("a", "b", "/", "~1"), tie("value"), { maxKeys: 3 }),
  value: fc.oneof({ maxDepth: 3 }, fc.constantFrom<Json>(1, 2, "x", null, [1], [2, 1]), tie("config")),
}));

/** Does what the changes say, by their pointers. */
function apply(before: Config, changes: ReturnType<typeof configChanges>): Config {
  const after = structuredClone(before) as Record<string, unknown>;
  for (const { pointer, ...change } of changes) {
    const names = pointer
      .slice(1)
      .split("/")
      .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = names.pop() ?? "";
    let at = after;
    for (const name of names) at = at[name] as Record<string, unknown>;
    if ("after" in change) at[last] = change.after;
    else delete at[last];
  }
  return after as Config;
}

it("tells all that makes one configuration the other, and nothing of what is equal", () => {
  fc.assert(
    fc.property(config, config, (before, after) => {
      expect(apply(before, configChanges(before, after))).toEqual(after);
      expect(configChanges(before, structuredClone(before))).toEqual([]);
      const back = configChanges(after, before);
      expect(back.map(({ pointer }) => pointer)).toEqual(
        configChanges(before, after).map(({ pointer }) => pointer),
      );
    }),
    { numRuns: 1000 },
  );
});
