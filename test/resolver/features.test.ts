import { expect, it } from "vitest";

import type { Candidate } from "../../src/domain/lock.ts";
import { explain } from "../../src/resolver/answers/explain.ts";
import { toLock } from "../../src/resolver/lock.ts";
import type { ResolveOutcome, ResolveRequest } from "../../src/resolver/resolve.ts";
import { asks, HOST, named, needs, needsPort, plugin, resolveFrom } from "./registry.ts";

const where = (platforms: readonly string[] | undefined): string =>
  platforms ? ` on ${platforms.join(", ")}` : "";

/** An answer as people compare it: who is there for whom, and who provides what. */
function told(outcome: ResolveOutcome): string {
  if (outcome.kind === "gave-up") return outcome.kind;
  if (outcome.kind === "conflict") return explain(outcome.conflict);
  return [
    ...outcome.plugins.map(
      ({ candidate: { manifest }, requiredBy, platforms }) =>
        `${manifest.name} ${manifest.version} for ${requiredBy.join(", ")}${where(platforms)}`,
    ),
    ...outcome.bindings.map(
      ({ facet, requirement, range, providers, byHost, platforms }) =>
        `  ${facet} ${requirement} ${range} ← ${byHost ? "the host" : providers.join(", ") || "nobody"}${where(platforms)}`,
    ),
  ].join("\n");
}

/** Several answers to one store, one after the other. */
function answersOf(
  store: readonly Candidate[],
  questions: Readonly<
    Record<string, readonly [ranges: Readonly<Record<string, string>>, more?: Partial<ResolveRequest>]>
  >,
): string {
  const answers = Object.entries(questions).map(([question, [ranges, more]]) => {
    const asked = Object.entries(ranges).map(([name, range]) => `${name} ${range}`);
    return `# ${question}: ${asked.join(", ")}\n${told(resolveFrom(store, ranges, more))}\n`;
  });
  return answers.join("\n");
}

const golden = (name: string): string => `../golden/resolver/${name}.txt`;

it("binds optional requirements to what is there, and never brings it in", async () => {
  const store = [
    plugin("desk 1.0.0", {
      requires: [needs("screen", "^2", { optional: true }), needsPort("news", "^1", { optional: true })],
    }),
    plugin("screen 1.0.0"),
    plugin("screen 2.0.0", { provides: { news: "1.0.0" } }),
  ];
  await expect(
    answersOf(store, {
      "nothing brings the screen in": [{ desk: "*" }],
      "it is there and fits": [{ desk: "*", screen: "*" }],
      "it is there and does not fit": [{ desk: "*", screen: "^1" }],
    }),
  ).toMatchFileSnapshot(golden("optional"));
});

it("gives an exclusive port to one plugin, whoever else could provide it", async () => {
  const gate = { main: { provides: { gate: "1.0.0" }, exclusive: ["gate"] } };
  const store = [
    plugin("desk 1.0.0", { requires: [needsPort("gate", "^1")] }),
    plugin("risk 1.0.0", { facets: gate }),
    plugin("shadow 1.0.0", { provides: { gate: "1.0.0" } }),
    plugin("shadow 2.0.0"),
  ];
  await expect(
    answersOf(store, {
      "one of two": [{ desk: "*" }],
      "the other one gives way": [{ desk: "*", risk: "*", shadow: "*" }],
      "neither can": [{ risk: "*", shadow: "^1" }],
      "the deployment has its say": [{ desk: "*" }, { policy: { providers: { gate: [named("shadow")] } } }],
    }),
  ).toMatchFileSnapshot(golden("exclusive"));
});

const feed = (version: string) => ({ provides: { feed: version } });
const adapter = (id: string, to: string, from: string) =>
  plugin(id, { ...feed(to), requires: [needsPort("feed", from)] }, { kind: "adapter" });

it("puts an adapter between versions of a port where it must, and as few as can be", async () => {
  const store = [
    plugin("model 1.0.0", { requires: [needsPort("feed", "^1")] }),
    plugin("model 2.0.0", { requires: [needsPort("feed", "^3")] }),
    plugin("venue 1.0.0", feed("1.0.0")),
    plugin("venue 2.0.0", feed("2.0.0")),
    adapter("two-to-one 1.0.0", "1.0.0", "^2"),
    adapter("two-to-three 1.0.0", "3.0.0", "^2"),
    adapter("one-to-two 1.0.0", "2.0.0", "^1"),
  ];
  await expect(
    answersOf(store, {
      "an older venue saves an adapter": [{ model: "^1", venue: "*" }],
      "no venue of that version": [{ model: "^1", venue: "^2" }],
      "adapters do not stand on adapters": [{ model: "^2", venue: "^1" }],
      "unless the deployment allows a chain": [{ model: "^2", venue: "^1" }, { policy: { adapterChain: 2 } }],
      "or allows none": [{ model: "^1", venue: "^2" }, { policy: { adapterChain: 0 } }],
    }),
  ).toMatchFileSnapshot(golden("adapters"));
});

const codec = (version: string, manifest = {}, port = "1.0.0") =>
  plugin(`codec ${version}`, { provides: { codec: port } }, { multiVersion: true, ...manifest });

it("runs versions side by side where all of them say that they can, and agree on the ports they provide", async () => {
  const desks = [
    plugin("old-desk 1.0.0", { requires: [needs("codec", "^7.5")] }),
    plugin("new-desk 1.0.0", { requires: [needs("codec", "^8")] }),
    plugin("any-desk 1.0.0", { requires: [needs("codec", ">=7")] }),
  ];
  const both = { "old-desk": "*", "new-desk": "*" };
  await expect(
    answersOf([...desks, codec("7.5.3"), codec("8.0.0")], {
      "one for each": [both],
      "an open range shares what is there": [{ "old-desk": "*", "any-desk": "*" }],
    }),
  ).toMatchFileSnapshot(golden("side-by-side"));
  await expect(
    answersOf([...desks, codec("7.5.3"), codec("8.0.0", {}, "2.0.0")], {
      "they speak different versions of a port": [both],
    }),
  ).toMatchFileSnapshot(golden("side-by-side-port"));
  await expect(
    answersOf([...desks, codec("7.5.3"), codec("8.0.0", { multiVersion: false })], {
      "one of them runs alone": [both],
    }),
  ).toMatchFileSnapshot(golden("side-by-side-single"));
});

const on = (...platforms: string[]) => ({ platforms });

it("resolves for several platforms at once, with one set if possible and else with as little difference as can be", async () => {
  const platforms = ["linux-x64", "win32-x64"];
  const store = [
    plugin("desk 1.0.0", { requires: [needs("clock", "^1")] }),
    plugin("clock 1.0.0"),
    plugin("clock 1.1.0", {}, on("linux-x64")),
    plugin("driver 1.0.0", {}, on("linux-x64")),
    plugin("driver 2.0.0", {}, on("win32-x64")),
    plugin("probe 1.0.0", {}, on("linux-x64")),
  ];
  await expect(
    answersOf(store, {
      "one set for both, with an older clock": [{ desk: "*" }, { policy: { platforms } }],
      "only where it runs, it is newer": [{ desk: "*" }],
      "no driver runs on both": [{ desk: "*", driver: "*" }, { policy: { platforms } }],
      "a probe runs on one only": [{ probe: "*" }, { policy: { platforms } }],
    }),
  ).toMatchFileSnapshot(golden("platforms"));
  const outcome = resolveFrom(store, { desk: "*", driver: "*" }, { policy: { platforms } });
  if (outcome.kind !== "resolved") throw new Error(outcome.kind);
  const deployment = {
    apiVersion: "tradsys/deployment/v1",
    name: "desk",
    description: "",
    trust: "trust.yaml",
    plugins: asks({ desk: "*", driver: "*" }).map((wanted) => ({ ...wanted, config: {}, instances: {} })),
    resolution: { platforms },
  } as const;
  const [here, there] = [HOST, { ...HOST, platform: "win32-x64" }].map((host) =>
    toLock(deployment, host, outcome),
  );
  expect(here?.inputs).toBe(there?.inputs);
  await expect(`${JSON.stringify(here, undefined, 2)}\n`).toMatchFileSnapshot(
    "../golden/resolver/platforms.lock.json",
  );
});

it("tells the causes of having no version apart", async () => {
  const young = { ...plugin("fresh 1.0.0"), published: "2026-02-27" };
  const taken = { ...plugin("taken 1.0.0"), yanked: "drops orders" };
  const banned = plugin("banned 1.0.0");
  const store = [
    young,
    taken,
    banned,
    plugin("alpha 1.0.0-rc.1"),
    plugin("mac 1.0.0", {}, { platforms: ["darwin-arm64"] }),
  ];
  const more: Partial<ResolveRequest> = {
    today: "2026-03-01",
    revoked: new Map([[banned.content, "stolen key"]]),
  };
  await expect(
    answersOf(store, {
      missing: [{ nobody: "*" }],
      "no version matches": [{ taken: "^2" }],
      yanked: [{ taken: "*" }, more],
      "yanked, but locked": [{ taken: "*" }, { ...more, prefer: new Map([[named("taken"), "1.0.0"]]) }],
      revoked: [{ banned: "*" }, more],
      "wrong platform": [{ mac: "*" }],
      "too young": [{ fresh: "*" }, { ...more, policy: { minimumAgeDays: 7 } }],
      "a pre-release that nothing names": [{ alpha: "*" }],
      "a pre-release that is allowed": [{ alpha: "*" }, { policy: { preReleases: "allow" } }],
      "a pre-release that is named and not allowed": [
        { alpha: ">=1.0.0-0" },
        { policy: { preReleases: "disallow" } },
      ],
    }),
  ).toMatchFileSnapshot(golden("causes"));
});

it.each([
  ["highest", { a: "1.3.0", b: "1.2.0" }],
  ["lowest", { a: "1.1.0", b: "1.0.0" }],
  ["lowest-direct", { a: "1.1.0", b: "1.2.0" }],
] as const)("chooses by the strategy %s", (strategy, expected) => {
  const store = [
    ...["1.1.0", "1.2.0", "1.3.0"].map((version) => plugin(`a ${version}`, { requires: [needs("b", "^1")] })),
    ...["1.0.0", "1.2.0"].map((version) => plugin(`b ${version}`)),
  ];
  const outcome = resolveFrom(store, { a: "^1" }, { policy: { strategy } });
  const versions =
    outcome.kind === "resolved" ? outcome.plugins.map(({ candidate }) => candidate.manifest.version) : [];
  expect(versions).toEqual(Object.values(expected));
});

it("moves a plugin that must change no further than it must under minimal-change", () => {
  const store = ["1.0.0", "1.1.0", "1.2.0", "1.3.0"].map((version) => plugin(`a ${version}`));
  const prefer = new Map([[named("a"), "1.0.0"]]);
  const version = (more: Partial<ResolveRequest>) => {
    const outcome = resolveFrom(store, { a: ">=1.1" }, { prefer, ...more });
    return outcome.kind === "resolved" ? outcome.plugins[0]?.candidate.manifest.version : outcome.kind;
  };
  expect(version({})).toBe("1.3.0");
  expect(version({ policy: { strategy: "minimal-change" } })).toBe("1.1.0");
});

it("raises a plugin as far as anything allows, and changes no more of the rest than that needs", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needs("b", "^1")] }),
    plugin("a 2.0.0", { requires: [needs("b", "^2")] }),
    plugin("b 1.0.0"),
    plugin("b 2.0.0"),
    plugin("c 1.0.0"),
    plugin("c 2.0.0"),
  ];
  const prefer = new Map(["a", "b", "c"].map((name) => [named(name), "1.0.0"]));
  const upgrade = new Set([named("b")]);
  const outcome = resolveFrom(store, { a: "*", c: "*" }, { prefer, upgrade });
  expect(told(outcome).split("\n").slice(0, 3)).toEqual([
    "@tradsys/a 2.0.0 for deployment",
    "@tradsys/b 2.0.0 for @tradsys/a#main",
    "@tradsys/c 1.0.0 for deployment",
  ]);
});

it("takes the ports that the host itself provides", async () => {
  const store = [
    plugin("desk 1.0.0", { requires: [needsPort("clock", "^1")] }),
    plugin("clock 1.0.0", { provides: { clock: "1.0.0" } }),
  ];
  await expect(
    answersOf(store, {
      "the host has it": [{ desk: "*" }, { host: { ...HOST, ports: { clock: "1.4.0" } } }],
      "the host has another version": [{ desk: "*" }, { host: { ...HOST, ports: { clock: "2.0.0" } } }],
    }),
  ).toMatchFileSnapshot(golden("host-ports"));
});
