import { describe, expect, it } from "vitest";

import { TradsysError } from "../../../src/domain/errors.ts";
import { openContainer } from "../../../src/runtime/container/container.ts";
import type { Locator } from "../../../src/runtime/container/service.ts";
import { facet, pluginName } from "../../support/root.ts";
import { layoutOf, named, service, type Named } from "./services.ts";

describe("a container", () => {
  it("makes one of a service for each of what it lives per, and a new one for each use", () => {
    const platform = openContainer(
      layoutOf([
        service("clock", { per: "platform" }),
        service("limiter", { per: "system" }),
        service("cache", { per: "plugin" }),
        service("session", { per: "instance" }),
        service("id", { per: "use" }),
      ]),
    );
    const risk = platform.within("risk");
    const [first, second] = [1, 2].map(() => risk.within("@acme/limits").instance());
    const other = platform.within("exchange").within("@acme/venue").instance();
    const isShared = (port: string) => [
      first?.get(port) === second?.get(port),
      first?.get(port) === risk.within("@acme/rules").instance().get(port),
      first?.get(port) === other.get(port),
      first?.get(port) === first?.get(port),
    ];
    expect(isShared("clock")).toEqual([true, true, true, true]);
    expect(isShared("limiter")).toEqual([true, true, false, true]);
    expect(isShared("cache")).toEqual([true, false, false, true]);
    expect(isShared("session")).toEqual([false, false, false, true]);
    expect(isShared("id")).toEqual([false, false, false, false]);
  });

  it("makes a service of what it needs, where it is kept, also where its user sees something else", () => {
    const platform = openContainer(
      layoutOf([
        service("clock"),
        service("clock", { owner: "risk", within: { system: "risk" }, overrides: "the host" }),
        service("journal", { needs: ["clock"] }),
        service("session", { per: "instance", needs: ["clock", "journal"] }),
      ]),
    );
    const session = platform.within("risk").within("@acme/limits").instance().get("session") as Named;
    const [clock, journal] = session.needs;
    expect(clock?.owner).toBe("risk");
    expect(journal?.needs[0]?.owner).toBe("the host");
  });

  it("gives back what was made, the last first and what is further in before what it is made of", async () => {
    const ended: string[] = [];
    const noted = (port: string, changes: Parameters<typeof service>[1]) =>
      service(port, {
        ...changes,
        dispose(made: Named) {
          ended.push(made.port);
          if (made.port === "limiter") throw new Error("it is stuck");
        },
      });
    const platform = openContainer(
      layoutOf([
        noted("session", { per: "instance", needs: ["limiter"] }),
        noted("limiter", { per: "system", needs: ["clock"] }),
        noted("clock", {}),
        noted("unused", {}),
      ]),
    );
    const instance = platform.within("risk").within("@acme/limits").instance();
    instance.get("session");
    expect(await platform.close()).toEqual([new Error("it is stuck")]);
    expect(ended).toEqual(["session", "limiter", "clock"]);
    expect(await platform.close()).toEqual([]);
    expect(() => instance.get("session")).toThrow("the services of @acme/limits were given back");
    expect(() => platform.within("exchange")).toThrow(TradsysError);
  });

  it("keeps nothing of an instance that was closed", async () => {
    const plugin = openContainer(layoutOf([service("session", { per: "instance" })]))
      .within("risk")
      .within("@acme/limits");
    const instance = plugin.instance();
    const before = instance.get("session");
    await instance.close();
    expect(() => instance.get("session")).toThrow(TradsysError);
    expect(plugin.instance().get("session")).not.toBe(before);
  });

  it("makes nothing before it is asked for, and tries again what could not be made", () => {
    let tries = 0;
    const platform = openContainer(
      layoutOf([
        service("flaky", {
          make: () => {
            tries += 1;
            if (tries === 1) throw new Error("not yet");
            return named("flaky", "the host", []);
          },
        }),
      ]),
    );
    expect(tries).toBe(0);
    expect(() => platform.get("flaky")).toThrow("not yet");
    expect(platform.get("flaky")).toBe(platform.get("flaky"));
    expect(tries).toBe(2);
  });

  it("tells who could be meant where a port has no one provider", () => {
    const [first, second] = [facet("binance#md"), facet("kraken#md")];
    const platform = openContainer(
      layoutOf([service("market-data", { owner: first }), service("market-data", { owner: second })]),
    );
    expect(() => platform.get("market-data")).toThrow(
      `${first}, ${second} provide market-data to the platform`,
    );
    expect(() => platform.get("clock")).toThrow("nothing provides clock to the platform");
  });
});

/** What putting such a container together is refused with. */
function told(...args: Parameters<typeof layoutOf>): (readonly [string, string | undefined])[] {
  try {
    openContainer(layoutOf(...args));
    return [];
  } catch (error) {
    if (!(error instanceof TradsysError)) throw error;
    return error.diagnostics.map(({ message, hint }) => [message, hint]);
  }
}

const settle = (owner: string): string => `If that is meant, let risk say so: \`overrides: "${owner}"\`.`;

describe("a conflict is found before anything is made, with its owners and what settles it:", () => {
  it("a duplicate", () => {
    const [first, second] = [service("clock"), service("clock", { owner: "the desk" })];
    expect(told([first, second])).toEqual([
      [
        "the host and the desk both provide clock",
        'Take one away, or let one say that it takes the other\'s place: `overrides: "the host"`.',
      ],
    ]);
    expect(told([first, { ...second, overrides: "the host" }])).toEqual([]);
    expect(
      told([
        { ...first, overrides: "the desk" },
        { ...second, overrides: "the host" },
      ]),
    ).toHaveLength(1);
  });

  it("a service that hides a wider one, a plugin's port, or what the host's container has", () => {
    const plugin = facet("clocks#main");
    const wide = service("clock");
    const narrow = service("clock", { owner: "risk", within: { plugin: pluginName("limits") } });
    expect(told([wide, narrow])).toEqual([["clock of risk hides that of the host", settle("the host")]]);
    expect(told([service("clock", { owner: plugin }), narrow])).toEqual([
      [`clock of risk hides that of ${plugin}`, settle(plugin)],
    ]);
    const host: Locator = { has: (port) => port === "clock", get: () => ({}) };
    expect(told([narrow], { host })).toEqual([
      ["clock of risk hides that of the host's container", settle("the host's container")],
    ]);
    expect(told([wide, { ...narrow, overrides: "the host" }])).toEqual([]);
    expect(told([{ ...narrow, overrides: "the host's container" }], { host })).toEqual([]);
    expect(told([service("clock", { owner: plugin }), { ...narrow, overrides: plugin }])).toEqual([]);
  });

  it("two that nobody sees together are none", () => {
    const [risk, exchange] = (["risk", "exchange"] as const).map((system) =>
      service("limiter", { owner: system, within: { system } }),
    );
    expect(told([risk, exchange].flatMap((each) => each ?? []))).toEqual([]);
  });

  it("an ambiguous need", () => {
    const owners = [facet("binance#md"), facet("kraken#md")] as const;
    const providers = owners.map((owner) => service("market-data", { owner }));
    expect(told([...providers, service("prices", { owner: "pricing", needs: ["market-data"] })])).toEqual([
      [
        `pricing needs one market-data, and ${owners.join(", ")} provide it`,
        `Name the one to take: \`{ port: "market-data", from: "${owners[0]}" }\`.`,
      ],
    ]);
    const chosen = { port: "market-data", from: owners[1] };
    expect(told([...providers, service("prices", { needs: [chosen] })])).toEqual([]);
  });

  it("a need that nothing meets, but what the host's container has", () => {
    const journal = service("journal", { owner: "audit", needs: ["clock"] });
    expect(told([journal])).toEqual([
      [
        "audit needs clock, and nothing provides it there",
        "Add a service that provides it, or give the host's container one.",
      ],
    ]);
    expect(told([journal], { host: { has: (port) => port === "clock", get: () => ({}) } })).toEqual([]);
    expect(told([service("clock", { within: { system: "risk" } }), journal])).toHaveLength(1);
  });

  it("a captive dependency", () => {
    const session = service("session", { owner: "desk", per: "instance" });
    expect(told([session, service("journal", { owner: "audit", needs: ["session"] })])).toEqual([
      [
        "audit lives per platform and would keep the session of desk, which is made per instance",
        'Give audit the lifetime `per: "instance"`, or session the lifetime `per: "platform"`.',
      ],
    ]);
    expect(told([session, service("journal", { per: "use", needs: ["session"] })])).toEqual([]);
  });

  it("a circle, once", () => {
    expect(
      told([
        service("a", { owner: "x", needs: ["b"] }),
        service("b", { owner: "y", needs: ["c"] }),
        service("c", { owner: "z", needs: ["a"] }),
      ]),
    ).toEqual([
      [
        "services need each other in a circle: a of x → b of y → c of z → a of x",
        "Let one of them ask for the other when it is used instead of when it is made.",
      ],
    ]);
  });

  it("an override of what is not there", () => {
    expect(told([service("clock", { owner: "desk", overrides: "the hsot" })])).toEqual([
      [
        "desk overrides clock of the hsot, which does not provide it",
        "Correct the owner's name, or take `overrides` out.",
      ],
    ]);
  });

  it("all of them at once", () => {
    expect(told([service("a", { needs: ["b"] }), service("c"), service("c", { owner: "d" })])).toHaveLength(
      2,
    );
  });
});
