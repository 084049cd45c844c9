import { describe, expect, it, onTestFinished } from "vitest";

import {
  defineService,
  startRuntime,
  type Runtime,
  type RuntimeOptions,
  type Service,
} from "../../../src/runtime/index.ts";
import { applyAll, facet, generationOf, publishSample, temporaryFolder } from "../../support/root.ts";
import { LEVELS } from "../isolation/levels.ts";
import { portsOf } from "../isolation/ports.ts";

/** What a service of the host is to these tests: a clock that says whose it is. */
const clockFor = (owner: string, changes: Partial<Service> = {}): Service => ({
  port: "clock",
  version: "1.2.0",
  owner,
  per: "platform",
  make: () => ({
    async now() {
      return `${owner}'s time`;
    },
  }),
  ...changes,
});

interface Started extends Pick<RuntimeOptions, "services" | "container"> {
  readonly level?: "inline" | "worker" | "process";
  /** The version that the set was resolved with. */
  readonly resolved?: string;
}

/** A plugin that requires the host's `clock` and answers with what it is told. */
async function start({ level = "inline", resolved = "1.2.0", ...options }: Started): Promise<Runtime> {
  const root = await temporaryFolder();
  const plugin = await publishSample(root, {
    name: "asker",
    code: `module.exports.default = { activate(context) {
      const clock = context.ports.one("clock");
      return { main: { provides: { account: { async ask() { return clock.now(); } } } } };
    } };\n`,
    facets: { main: { account: "1.0.0" } },
    manifest: { hostProvided: [], isolation: level },
  });
  const generation = generationOf([plugin], { "asker#main": { ports: { clock: [] } } });
  await applyAll(root, { ...generation, host: { ...generation.host, ports: { clock: resolved } } });
  const runtime = await startRuntime({ root, ...options });
  onTestFinished(async () => void (await runtime.stop()));
  return runtime;
}

describe.each(LEVELS)("a plugin in isolation %s", (level) => {
  it("is given a port that the host provides as it is given any other", async () => {
    const { ask } = portsOf(await start({ level, services: [clockFor("the host")] }));
    expect(await ask("asker", "ask")).toBe("the host's time");
  });
});

it("is given what is meant for it where that takes another's place", async () => {
  const { ask } = portsOf(
    await start({
      services: [
        clockFor("the host"),
        clockFor("the desk", { within: { system: "exchange" }, overrides: "the host" }),
        clockFor("the risk desk", { within: { system: "risk" }, overrides: "the host" }),
      ],
    }),
  );
  expect(await ask("asker", "ask")).toBe("the risk desk's time");
});

it("is given what only the host's own container has", async () => {
  const clock = { now: async () => "nest" };
  const runtime = await start({ container: { has: (port) => port === "clock", get: () => clock } });
  expect(await portsOf(runtime).ask("asker", "ask")).toBe("nest");
});

it("starts nothing where the host does not offer what the set was resolved with", async () => {
  await expect(start({})).rejects.toMatchObject({
    code: "SERVICE_CONFLICT",
    message: `${facet("asker#main")} needs clock, and nothing provides it there`,
  });
  await expect(start({ services: [clockFor("the host")], resolved: "1.0.0" })).rejects.toMatchObject({
    code: "SERVICE_CONFLICT",
    message: `${facet("asker#main")} was resolved with clock 1.0.0, and the host offers 1.2.0`,
  });
});

it("can be what a service of the host is made of, and the host finds both in one place", async () => {
  const runtime = await start({
    services: [
      clockFor("the host"),
      defineService({
        port: "risk-rules",
        version: "1.0.0",
        owner: "the host",
        per: "platform",
        needs: ["account"],
        make: (account) => ({ told: account }) as never,
      }),
    ],
  });
  const { told } = runtime.services.get("risk-rules") as { told: { ask(): Promise<string> } };
  expect(await told.ask()).toBe("the host's time");
  expect(runtime.services.has("account")).toBe(true);
});

it("ends before the services that it was given are given back", async () => {
  const ended: string[] = [];
  const runtime = await start({
    services: [
      clockFor("the host", { per: "instance", dispose: () => void ended.push("instance") }),
      clockFor("spare", {
        port: "spare",
        needs: [],
        dispose: () => {
          throw new Error("stuck");
        },
      }),
    ],
  });
  runtime.services.get("spare");
  expect(await runtime.stop()).toMatchObject([
    { code: "STOP_FAILED", message: "a service of the host was not given back: stuck" },
  ]);
  expect(ended).toEqual(["instance"]);
});
