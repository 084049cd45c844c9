/** Looking a service up, and a scope with three services of its own, beside a Map and awilix. */
import { asFunction, createContainer, InjectionMode } from "awilix";

import { openContainer } from "../../../src/runtime/container/container.ts";
import type { Service } from "../../../src/runtime/container/service.ts";
import { describe, measureInTurn } from "../interleaved.ts";

const ROUNDS = 15;
const LOOKUPS = 2_000_000;
const SCOPES = 50_000;

const own = ["orders", "limits", "positions"];
const service = (port: string, changes: Partial<Service>): Service => ({
  port,
  version: "1.0.0",
  owner: "the host",
  per: "platform",
  make: () => ({ port }),
  ...changes,
});
const shared = Array.from({ length: 50 }, (_, i) => `service-${i}`);
const platform = openContainer({
  services: [
    ...shared.map((port) => service(port, {})),
    ...own.map((port) => service(port, { per: "instance", needs: ["service-1"], make: () => ({ port }) })),
  ],
  places: [{}],
  requirements: [],
  host: undefined,
});
const plugin = platform.within("risk").within("@acme/limits");

const awilix = createContainer({ injectionMode: InjectionMode.PROXY });
for (const port of shared) awilix.register(port, asFunction(() => ({ port })).singleton());
for (const port of own) {
  awilix.register(
    port,
    asFunction((cradle: Readonly<Record<string, unknown>>) => ({
      port,
      needs: cradle["service-1"],
    })).scoped(),
  );
}

const map = new Map<string, object>(shared.map((port) => [port, { port }]));
for (const port of shared) platform.get(port);

let sink: unknown;
const timed = (name: string, count: number, work: (i: number) => unknown) => ({
  name,
  measure() {
    const began = performance.now();
    for (let i = 0; i < count; i++) sink = work(i);
    return ((performance.now() - began) * 1e6) / count;
  },
});
/** Equal to the keys and not the same objects: what a caller has. */
const asked = shared.map((_, i) => `service-${i}`);

const [bare, ...lookups] = measureInTurn(
  [
    timed("Map.get", LOOKUPS, (i) => map.get(asked[i % 50] ?? "")),
    timed("ours, by port", LOOKUPS, (i) => platform.get(asked[i % 50] ?? "")),
    timed("awilix, by name", LOOKUPS / 10, (i) => awilix.resolve(asked[i % 50] ?? "")),
  ],
  ROUNDS,
);
const [theirs, ...scopes] = measureInTurn(
  [
    timed("awilix scope, 3 services", SCOPES, () => {
      const scope = awilix.createScope();
      return [scope.resolve("orders"), scope.resolve("limits"), scope.resolve("positions")];
    }),
    timed("our scope, 3 services", SCOPES, () => {
      const scope = plugin.instance();
      return [scope.get("orders"), scope.get("limits"), scope.get("positions")];
    }),
  ],
  ROUNDS,
);

/* oxlint-disable no-console */
console.log("ns for each; ratio to the first, round by round");
for (const each of bare ? [bare, ...lookups] : []) if (bare) console.log(describe(each, bare, "ns"));
for (const each of theirs ? [theirs, ...scopes] : []) if (theirs) console.log(describe(each, theirs, "ns"));
if (sink === undefined) throw new Error("nothing was measured");
