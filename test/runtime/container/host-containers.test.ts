import type { FactoryProvider } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { asFunction, asValue, createContainer } from "awilix";
import { expect, it } from "vitest";

import { openContainer } from "../../../src/runtime/container/container.ts";
import type { Locator } from "../../../src/runtime/container/service.ts";
import { layoutOf, service, type Named } from "./services.ts";

const journal = service("journal", { needs: ["clock"] });
const clock = { port: "clock", owner: "the host's own" };

/** An application with these providers. */
const nestOf = (providers: FactoryProvider[]) =>
  NestFactory.createApplicationContext({ module: Map, providers }, { logger: false });

it("takes from an awilix container what it has, and gives it what plugins and services provide", async () => {
  const awilix = createContainer();
  const host: Locator = {
    has: (port) => awilix.hasRegistration(port),
    get: (port) => awilix.resolve(port),
  };
  awilix.register({ clock: asValue(clock) });
  const platform = openContainer(layoutOf([journal], { host }));
  expect((platform.get("journal") as Named).needs[0]).toBe(clock);

  const desk = createContainer();
  desk.register({
    journal: asFunction(() => platform.get("journal")),
    report: asFunction(({ journal: from }: { readonly journal: Named }) => `written by ${from.owner}`),
  });
  expect(desk.resolve("report")).toBe("written by the host");
  expect(await platform.close()).toEqual([]);
});

it("does the same with a NestJS application", async () => {
  const nest = await nestOf([{ provide: "clock", useFactory: () => clock }]);
  const host: Locator = {
    has: (port) => port === "clock",
    get: (port) => nest.get<unknown>(port, { strict: false }),
  };
  const platform = openContainer(layoutOf([journal], { host }));
  expect((platform.get("journal") as Named).needs[0]).toBe(clock);

  const reports = await nestOf([
    { provide: "journal", useFactory: () => platform.get("journal") },
    { provide: "report", useFactory: (from: Named) => `written by ${from.owner}`, inject: ["journal"] },
  ]);
  expect(reports.get<string>("report")).toBe("written by the host");
  await Promise.all([nest.close(), reports.close()]);
});

it("asks the host's container each time: how long things live there is that one's to say", () => {
  const awilix = createContainer();
  awilix.register({ ticket: asFunction(() => ({})).transient() });
  const platform = openContainer(
    layoutOf([], {
      host: { has: (port) => awilix.hasRegistration(port), get: (port) => awilix.resolve(port) },
    }),
  );
  expect(platform.has("ticket")).toBe(true);
  expect(platform.get("ticket")).not.toBe(platform.get("ticket"));
});
