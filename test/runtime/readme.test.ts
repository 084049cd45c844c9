import { access, readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { repository } from "../support/command.ts";

/** Rows of the table in the runtime's own documentation: a concern, the code, and the test with its name. */
async function rows() {
  const text = await readFile(join(repository, "src/runtime/README.md"), "utf8");
  const row = /^\| (\S.*?) +\| \S.*? \| `(\S+\.ts)` *\| `(\S+\.test\.ts)`: (.*?) *\|$/gm;
  return [...text.matchAll(row)].map(([, concern = "", code = "", test = "", name = ""]) => ({
    concern,
    code,
    test,
    name,
  }));
}

it("answers all fifteen concerns of the analysis, three times each, with code that is there and tests of that name", async () => {
  const stated = await rows();
  const perConcern = Map.groupBy(stated, ({ concern }) => concern);
  expect([...perConcern.values()].map((three) => three.length)).toEqual(Array.from({ length: 15 }, () => 3));
  const wrong: string[] = [];
  for (const { code, test, name } of stated) {
    await access(join(repository, "src", code)).catch(() => wrong.push(code));
    const text = await readFile(join(repository, "test", test), "utf8").catch(() => "");
    if (!text.includes(`"${name}"`)) wrong.push(`${test}: ${name}`);
  }
  expect(wrong).toEqual([]);
});
