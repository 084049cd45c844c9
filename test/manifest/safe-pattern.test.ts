import { expect, it } from "vitest";

import { backtrackingPart } from "../../src/manifest/safe-pattern.ts";

it.each([
  ["^(a+)+$", "(a+)+"],
  ["^(?:a*)*$", "(?:a*)*"],
  ["^(a|a)*$", "(a|a)*"],
  ["^(a|ab)*$", "(a|ab)*"],
  ["^([a-z]|[a-f])+$", "([a-z]|[a-f])+"],
  ["^(\\w+\\s?)*$", "(\\w+\\s?)*"],
  ["^(-?a*)+$", "(-?a*)+"],
  ["^(-a*a*)*$", "(-a*a*)*"],
  ["^((a+)b?)*$", "((a+)b?)*"],
  ["^(.*,)*$", "(.*,)*"],
  ["^(?:[^x]*x?){2,}$", "(?:[^x]*x?){2,}"],
  ["(.*a){20}", "(.*a){20}"],
  ["^(?<word>a+)+$", "(?<word>a+)+"],
  ["^(a)\\1$", "\\1"],
  ["^(?:(?:a|b)+|c)*$", "(?:(?:a|b)+|c)*"],
  ["^(\\p{L}+)*$", "(\\p{L}+)*"],
])("finds what backtracks in %s", (pattern, part) => {
  expect(backtrackingPart(pattern)).toBe(part);
});

it.each([
  "^https?://",
  "^[A-Z0-9]+/[A-Z0-9]+$",
  "^[0-9]+(\\.[0-9]{1,18})?$",
  "^[a-z0-9]+(?:-[a-z0-9]+)*$",
  "^(?:[a-z]+\\.)+$",
  "^(?:GET|PUT|DELETE)$",
  "^(?:ab|cd)*$",
  "^[(a+)+]*$",
  "^\\(a+\\)+$",
  "^(?:\\d{2}){3}$",
  "^\\u{1F600}?$",
  "^(?=a)b{2,5}?$",
  "",
])("lets pass what does not: %j", (pattern) => {
  expect(new RegExp(pattern, "u")).toBeInstanceOf(RegExp);
  expect(backtrackingPart(pattern)).toBeUndefined();
});
