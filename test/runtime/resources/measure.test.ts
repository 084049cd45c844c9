import { expect, it } from "vitest";

import { nodeFiles } from "../../../src/platform/files.ts";
import {
  memoryUses,
  readControlGroup,
  suggestMemoryMiB,
  tightest,
} from "../../../src/runtime/resources/measure.ts";
import {
  afterRun,
  likelyUsed,
  type ObservedUse,
  readObservedUse,
  writeObservedUse,
} from "../../../src/runtime/resources/observed-use.ts";
import { makeHostFolder } from "../../../src/store/host-folder.ts";
import { pluginName, temporaryFolder } from "../../support/root.ts";

const MIB = 2 ** 20;

/** The files of a machine, by their paths. */
const tree = (files: Readonly<Record<string, string>>) => (path: string) => files[path];

const GROUP = "/sys/fs/cgroup/machine.slice/tradsys.service";

it("finds the group with the least room, its own or one around it", () => {
  const read = tree({
    "/proc/self/cgroup": "0::/machine.slice/tradsys.service\n",
    [`${GROUP}/memory.max`]: "max\n",
    [`${GROUP}/memory.current`]: "1000\n",
    [`${GROUP}/cpu.max`]: "150000 100000\n",
    "/sys/fs/cgroup/machine.slice/memory.max": `${512 * MIB}\n`,
    "/sys/fs/cgroup/machine.slice/memory.current": `${300 * MIB}\n`,
    "/sys/fs/cgroup/machine.slice/memory.stat": `anon 5\ninactive_file ${90 * MIB}\nactive_file ${10 * MIB}\nunevictable 7\n`,
    "/sys/fs/cgroup/machine.slice/cpu.max": "max 100000\n",
  });
  expect(readControlGroup(read)).toEqual({
    memory: { name: "control group /machine.slice", usedBytes: 200 * MIB, limitBytes: 512 * MIB },
    cpus: 1.5,
  });
});

it("finds the limits of a container, which sees its own group as the root", () => {
  const read = tree({
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/memory.max": "1048576\n",
    "/sys/fs/cgroup/memory.current": "2048\n",
  });
  expect(readControlGroup(read)).toEqual({
    memory: { name: "control group /", usedBytes: 2048, limitBytes: 1048576 },
  });
});

it.each([
  ["no groups", {}],
  ["groups of version 1", { "/proc/self/cgroup": "4:memory:/user.slice\n" }],
  ["a group without limits", { "/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/memory.max": "max\n" }],
  ["nonsense", { "/proc/self/cgroup": "0::/../..\n", "/sys/fs/cgroup/memory.max": "-5 lots" }],
])("knows no limit where there are %s", (_, files) => {
  expect(readControlGroup(tree(files))).toEqual({});
});

it("measures this process against every limit that it has", () => {
  const uses = memoryUses({ budgetBytes: 64 * MIB, isolatedBytes: MIB }, tree({}));
  expect(uses.map(({ name }) => name)).toEqual(["the heap", "the budget"]);
  for (const { usedBytes, limitBytes } of uses) {
    expect(usedBytes).toBeGreaterThan(MIB);
    expect(limitBytes).toBeGreaterThan(usedBytes / 100);
  }
  expect(tightest([...uses, { name: "full", usedBytes: 2, limitBytes: 2 }])?.name).toBe("full");
  expect(memoryUses({ budgetBytes: undefined, isolatedBytes: 0 }, tree({}))).toHaveLength(1);
});

it("suggests what a manifest should say only where it is exceeded or far too much", () => {
  expect(suggestMemoryMiB(50, 60 * MIB)).toBe(75);
  expect(suggestMemoryMiB(50, 45 * MIB)).toBeUndefined();
  expect(suggestMemoryMiB(200, 20 * MIB)).toBe(25);
  expect(suggestMemoryMiB(5, 0)).toBeUndefined();
  // What is suggested is itself near enough.
  for (const peak of [1, 7, 33, 500, 4000]) {
    const suggested = suggestMemoryMiB(1, peak * MIB) ?? 1;
    expect(suggestMemoryMiB(suggested, peak * MIB)).toBeUndefined();
  }
});

const used = (names: readonly string[], peakBytes = 0) =>
  new Map(names.map((name) => [pluginName(name), { wasUsed: true, peakBytes }]));

it("expects what most of the recent runs used, the most used first", () => {
  let known: ObservedUse = new Map();
  for (let run = 0; run < 10; run++) {
    known = afterRun(
      known,
      used(run % 2 === 0 ? ["always", "often", "once"].slice(0, run === 0 ? 3 : 2) : ["always"]),
    );
  }
  expect(likelyUsed(known)).toEqual([pluginName("always")]);
  for (let run = 0; run < 4; run++) known = afterRun(known, used(["often"]));
  expect(likelyUsed(known)[0]).toBe(pluginName("often"));
});

it("remembers the highest peak, and forgets what is gone", () => {
  let known = afterRun(new Map(), used(["gone"], 7));
  known = afterRun(known, used(["stays"], 9));
  known = afterRun(known, used(["stays"], 3));
  expect(known.get(pluginName("stays"))?.peakBytes).toBe(9);
  for (let run = 0; run < 20; run++) known = afterRun(known, used(["stays"]));
  expect([...known.keys()]).toEqual([pluginName("stays")]);
});

it("remembers no more than a thousand plugins", () => {
  const many = Array.from({ length: 1500 }, (_, at) => `p${at}`);
  const known = afterRun(afterRun(new Map(), used(many)), used(many.slice(1000)));
  expect(known.size).toBe(1000);
  expect(many.slice(1000).every((name) => known.has(pluginName(name)))).toBe(true);
});

it("remembers it on this host, and nothing where there is nothing", async () => {
  expect(await readObservedUse(undefined)).toEqual(new Map());
  const host = await makeHostFolder(nodeFiles, await temporaryFolder());
  expect(await readObservedUse(host)).toEqual(new Map());
  const known = afterRun(afterRun(new Map(), used(["a", "b"], 12_345)), used(["b"]));
  if (host) await writeObservedUse(host, known);
  expect(await readObservedUse(host)).toEqual(known);
});
