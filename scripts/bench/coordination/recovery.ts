/** What a policy costs a call that goes well: ours beside cockatiel with the same parts, and beside no policy. */
import {
  bulkhead,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  timeout,
  TimeoutStrategy,
  wrap,
} from "cockatiel";

import { guardPort, type PortPolicy } from "../../../src/runtime/recovery/guard-port.ts";
import { describe } from "../interleaved.ts";

const ROUNDS = 15;
const CALLS = 30_000;

const provider = { ask: async (x: number) => x };
const guarded = (policy: PortPolicy): typeof provider =>
  guardPort(provider, policy, {
    port: "account",
    provider: "@acme/venue#main",
    now: () => performance.now(),
    random: Math.random,
    sleep: async () => undefined,
    tell: () => undefined,
  }) as typeof provider;

const own: PortPolicy = {
  retry: { attempts: 3, firstMs: 50, longestMs: 1000 },
  breaker: { failures: 5, openMs: 1000 },
  bulkhead: { calls: 100, waiting: 100 },
};
const parts = [
  retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() }),
  circuitBreaker(handleAll, { halfOpenAfter: 1000, breaker: new ConsecutiveBreaker(5) }),
  bulkhead(100, 100),
] as const;
const theirs = wrap(...parts);
const theirsWithTime = wrap(...parts, timeout(1000, TimeoutStrategy.Aggressive));
const [plain, timed] = [guarded(own), guarded({ ...own, timeoutMs: 1000 })];

const subjects: readonly { readonly name: string; readonly call: (x: number) => Promise<number> }[] = [
  { name: "cockatiel", call: (x) => theirs.execute(() => provider.ask(x)) },
  { name: "ours", call: (x) => plain.ask(x) },
  { name: "cockatiel, time-out", call: (x) => theirsWithTime.execute(() => provider.ask(x)) },
  { name: "ours, time-out", call: (x) => timed.ask(x) },
  { name: "no policy", call: (x) => provider.ask(x) },
];
const times = subjects.map((): number[] => []);
for (let round = 0; round <= ROUNDS; round++) {
  for (const [at, { call }] of subjects.entries()) {
    const began = performance.now();
    for (let i = 0; i < CALLS; i++) await call(i);
    if (round > 0) times[at]?.push(((performance.now() - began) * 1e6) / CALLS);
  }
}

const [cockatiel, ours, cockatielTimed, oursTimed, none] = subjects.map(({ name }, at) => ({
  name,
  times: times[at] ?? [],
}));
/* oxlint-disable no-console */
console.log("ns a call; ratio to cockatiel with the same parts, round by round");
if (cockatiel && ours && cockatielTimed && oursTimed && none) {
  for (const each of [cockatiel, ours, none]) console.log(describe(each, cockatiel, "ns"));
  for (const each of [cockatielTimed, oursTimed]) console.log(describe(each, cockatielTimed, "ns"));
}
