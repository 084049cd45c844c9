import { join } from "node:path";

import { expect, it } from "vitest";

import { repository } from "../support/command.ts";

it.each([".", "./runtime", "./plugin", "./testing", "./risk", "./exchange"])(
  "exports from %s what is written down",
  async (entry) => {
    const module = (await import(join(repository, "dist", entry, "index.js"))) as Readonly<
      Record<string, unknown>
    >;
    const names = Object.keys(module).map((name) => `${typeof module[name]} ${name}\n`);
    const golden = entry === "." ? "tradsys" : `tradsys-${entry.slice(2)}`;
    await expect(names.toSorted().join("")).toMatchFileSnapshot(
      join(repository, "test/golden/exports", `${golden}.txt`),
    );
  },
);
