import * as fc from "fast-check";
import { expect, it } from "vitest";

import { BufferPool, type Lent } from "../../../src/runtime/resources/buffer-pool.ts";
import { Ledger } from "../../../src/runtime/resources/ledger.ts";
import { Owner } from "../../../src/runtime/resources/owner.ts";
import { turns } from "./hand-clock.ts";

/** Room for three slabs of four buffers with eight bytes each. */
function pooled(isDevelopment = false) {
  const ledger = new Ledger();
  const platform = Owner.platform({ memoryBytes: 3 * 32 });
  const owner = platform.within("buffers", { priority: 90 });
  const pool = new BufferPool({ ledger, owner, bufferBytes: 8, slabBuffers: 4, isDevelopment });
  return { ledger, platform, owner, pool };
}

it("lends every buffer to one at a time, all zeros, and no more than its owner may hold", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1, max: 20 }), { maxLength: 60 }), fc.boolean(), (acts, dev) => {
      const { owner, pool } = pooled(dev);
      const lent: Lent[] = [];
      for (const act of acts) {
        const back = act < 0 ? undefined : lent.splice(act, 1)[0];
        if (back) {
          back.giveBack();
          back.giveBack();
          continue;
        }
        const taken = pool.take();
        expect(taken !== undefined || lent.length === 12).toBe(true);
        if (!taken) continue;
        expect([...taken.bytes]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
        taken.bytes.fill(lent.length + 1);
        lent.push(taken);
      }
      expect(new Set(lent.map(({ bytes }) => `${bytes.byteOffset}`)).size <= 12).toBe(true);
      for (const each of lent) expect(new Set(each.bytes).size).toBe(1);
      for (const each of lent) each.giveBack();
      pool.trim();
      expect([owner.taken, pool.heldBytes]).toEqual([{}, 0]);
    }),
  );
});

it("gives slabs back that nobody uses as soon as somebody more important needs the memory", async () => {
  const { ledger, platform, pool } = pooled();
  const lent = Array.from({ length: 12 }, () => pool.take());
  for (const each of lent.slice(4)) each?.giveBack();
  expect(pool.heldBytes).toBe(96);
  const urgent = await ledger.reserve(
    [{ owner: platform.within("limit", { priority: 1 }), amounts: { memoryBytes: 40 } }],
    { ms: 1000 },
  );
  await turns();
  expect(urgent.ok).toBe(true);
  expect(pool.heldBytes).toBe(32);
});

it("says in development that a buffer was written to after it had been given back", () => {
  const { pool } = pooled(true);
  const lent = pool.take();
  lent?.giveBack();
  lent?.bytes.fill(1);
  expect(() => pool.take()).toThrow(expect.objectContaining({ code: "CONTRACT_VIOLATION" }));
  expect(pool.take()?.bytes[0]).toBe(0);
});
