import { expect, it } from "vitest";

import type { PortTypes } from "../../src/plugin/ports.ts";
import { PortRegistry } from "../../src/runtime/ports.ts";
import { facet } from "../support/root.ts";

/** An account port, as far as these tests use it; it keeps state to show what `this` is. */
class FakeAccount {
  readonly venue: string;
  #asked = 0;

  constructor(venue: string) {
    this.venue = venue;
  }

  async balances(): Promise<string> {
    this.#asked += 1;
    return `${this.venue} ${this.#asked}`;
  }
}

const offered = (venue: string): Partial<PortTypes> => ({ account: new FakeAccount(venue) as never });

const [binance, kraken] = [facet("binance#account"), facet("kraken#account")];
const bound = new Map([
  ["account", [binance, kraken]],
  ["risk-limit", []],
]);

it("may be taken early and is bound late", async () => {
  const registry = new PortRegistry();
  const account = registry.accessFor("@acme/risk@1.0.0", bound).one("account");
  expect(() => account.balances()).toThrow(
    expect.objectContaining({
      code: "PORT_UNBOUND",
      message: "@acme/risk@1.0.0 used account of @acme/binance#account, which is not ready",
    }),
  );
  registry.offer(binance, offered("binance"));
  expect(await account.balances()).toBe("binance 1");
  expect(await account.balances()).toBe("binance 2");
});

it("is gone at once when its provider is, and goes to the next that takes its place", async () => {
  const registry = new PortRegistry();
  const account = registry.accessFor("the host", bound).one("account");
  registry.offer(binance, offered("old"));
  registry.offer(facet("binance#account-2"), offered("other"));
  expect(await account.balances()).toBe("old 1");
  registry.withdraw(binance);
  expect(() => account.balances()).toThrow("which is not ready");
  registry.offer(binance, offered("new"));
  expect(await account.balances()).toBe("new 1");
});

it("gives every provider by name, and none where none is bound", async () => {
  const registry = new PortRegistry();
  registry.offer(binance, offered("binance"));
  registry.offer(kraken, offered("kraken"));
  const access = registry.accessFor("the host", bound);
  const all = access.all("account");
  expect(all.map(({ provider }) => provider)).toEqual([binance, kraken]);
  expect(await Promise.all(all.map(({ port }) => port.balances()))).toEqual(["binance 1", "kraken 1"]);
  expect(access.all("risk-limit")).toEqual([]);
  expect(access.one("account")).toBe(all[0]?.port);
});

it("is refused where it is not required or not provided", () => {
  const access = new PortRegistry().accessFor("@acme/risk@1.0.0", bound);
  expect(() => access.one("order-entry")).toThrow(
    expect.objectContaining({
      code: "PORT_UNBOUND",
      message: "@acme/risk@1.0.0 does not require the port order-entry",
    }),
  );
  expect(() => access.all("order-entry")).toThrow("does not require the port order-entry");
  expect(() => access.one("risk-limit")).toThrow("nothing provides risk-limit to @acme/risk@1.0.0");
});

it("is no promise, can be awaited as itself, and cannot be written to", async () => {
  const registry = new PortRegistry();
  registry.offer(binance, offered("binance"));
  const account = registry.accessFor("the host", bound).one("account");
  expect(await Promise.resolve(account)).toBe(account);
  expect("then" in account).toBe(false);
  expect(() => Object.assign(account, { balances: undefined })).toThrow(TypeError);
});
