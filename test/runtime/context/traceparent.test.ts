import * as fc from "fast-check";
import { expect, it } from "vitest";

import { formatTraceparent, parseTraceparent } from "../../../src/runtime/context/traceparent.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

it("continues a trace as it came", () => {
  const header = `00-${TRACE}-${SPAN}-01`;
  const trace = parseTraceparent(header);
  expect(trace && formatTraceparent(trace)).toBe(header);
});

it.each([
  ["nothing", ""],
  ["version ff", `ff-${TRACE}-${SPAN}-01`],
  ["a version of one character", `0-${TRACE}-${SPAN}-01`],
  ["a version that is no number", `0.-${TRACE}-${SPAN}-01`],
  ["a trace id of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
  ["a span id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["upper case", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ["a version in upper case", `0A-${TRACE}-${SPAN}-01`],
  ["a trace id that is too short", `00-${TRACE.slice(1)}-${SPAN}-01`],
  ["a span id that is too long", `00-${TRACE}-${SPAN}a-01`],
  ["flags that are no number", `00-${TRACE}-${SPAN}-.0`],
  ["flags of one character", `00-${TRACE}-${SPAN}-1`],
  ["more than version 00 has", `00-${TRACE}-${SPAN}-01-what`],
  ["a dash at the end of version 00", `00-${TRACE}-${SPAN}-01-`],
  ["a later version that goes on without a dash", `cc-${TRACE}-${SPAN}-01.what`],
  ["space around it", ` 00-${TRACE}-${SPAN}-01`],
])("begins anew at %s", (_, header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});

it("reads a later version as far as it is known, and writes its own", () => {
  for (const header of [`cc-${TRACE}-${SPAN}-01`, `cc-${TRACE}-${SPAN}-01-what-the-future-says`]) {
    const trace = parseTraceparent(header);
    expect(trace && formatTraceparent(trace)).toBe(`00-${TRACE}-${SPAN}-01`);
  }
});

it("hands on the flags of level 2, sampled and random, and clears those without a meaning", () => {
  const trace = parseTraceparent(`00-${TRACE}-${SPAN}-ff`);
  expect(trace && formatTraceparent(trace)).toBe(`00-${TRACE}-${SPAN}-03`);
});

/** Digits of an id, not all zero. */
const hex = (digits: number) =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: digits, maxLength: digits })
    .map((all) => all.map((digit) => digit.toString(16)).join(""))
    .filter((text) => /[^0]/.test(text));

it("reads what it writes, whatever the ids", () => {
  fc.assert(
    fc.property(hex(32), hex(16), fc.constantFrom("00", "01", "02", "03"), (trace, span, flags) => {
      const header = `00-${trace}-${span}-${flags}`;
      const parsed = parseTraceparent(header);
      expect(parsed && formatTraceparent(parsed)).toBe(header);
    }),
  );
});
