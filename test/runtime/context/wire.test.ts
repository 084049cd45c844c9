import * as fc from "fast-check";
import { expect, it } from "vitest";

import { MAX_TEXT, NO_FACTS, type CallFacts } from "../../../src/runtime/context/facts.ts";
import { decodeContext, encodeContext, WIRE_BYTES } from "../../../src/runtime/context/wire.ts";

const word = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const latin1 = fc.array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: MAX_TEXT / 2 });
const text = latin1.map((codes) => String.fromCharCode(...codes));
const facts: fc.Arbitrary<CallFacts> = fc.record({
  trace: fc.option(
    fc.record({
      words: fc.array(word, { minLength: 6, maxLength: 6 }),
      flags: fc.integer({ min: 0, max: 3 }),
    }),
    { nil: undefined },
  ),
  priority: fc.integer({ min: 0, max: 100 }),
  actor: text,
  correlation: text,
});
const deadline = fc.oneof(fc.constant(Infinity), fc.double({ min: 0, noNaN: true }));

it("carries every context in 64 bytes and brings it back", () => {
  fc.assert(
    fc.property(facts, deadline, (sent, until) => {
      const wire = encodeContext({ facts: sent, deadline: until });
      expect(wire).toHaveLength(WIRE_BYTES);
      expect(Buffer.from(wire, "latin1")).toHaveLength(WIRE_BYTES);
      expect(decodeContext(wire)).toEqual({ facts: sent, deadline: until });
    }),
  );
});

it("writes equal contexts as equal bytes, whatever was written or read between", () => {
  fc.assert(
    fc.property(facts, facts, (one, other) => {
      const first = encodeContext({ facts: one, deadline: 1 });
      const between = encodeContext({ facts: other, deadline: 2 });
      decodeContext(between);
      expect(encodeContext({ facts: one, deadline: 1 })).toBe(first);
    }),
  );
});

it("shows nothing of the context before", () => {
  encodeContext({ facts: { ...NO_FACTS, actor: "a-secret", correlation: "of-another" }, deadline: 1 });
  expect(encodeContext({ facts: NO_FACTS, deadline: 1 })).not.toMatch(/secret|another/);
});

it("takes anything from a plugin, and nothing that no host writes", () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), bytesOf(WIRE_BYTES)), (sent) => {
      const read = decodeContext(sent);
      if (!read) return;
      expect(read.deadline).not.toBeNaN();
      expect(read.facts.priority).toBeLessThanOrEqual(100);
      expect((read.facts.actor + read.facts.correlation).length).toBeLessThanOrEqual(MAX_TEXT);
    }),
  );
  expect(decodeContext("\u{1}".padEnd(WIRE_BYTES + 1, "\0"))).toBeUndefined();
  expect(decodeContext("\u{2}".padEnd(WIRE_BYTES, "\0"))).toBeUndefined();
  expect(decodeContext("\u{1}\0\u{65}".padEnd(WIRE_BYTES, "\0"))).toBeUndefined();
  expect(decodeContext("\u{1}\0\0\u{2}\u{1}".padEnd(WIRE_BYTES, "\0"))).toBeUndefined();
});

function bytesOf(count: number): fc.Arbitrary<string> {
  const rest = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: count - 1, maxLength: count - 1 });
  return rest.map((codes) => String.fromCharCode(1, ...codes));
}
