/** Patterns of the schemas, each in words. */
const FORMS: readonly (readonly [pattern: string, words: string])[] = [
  [
    "^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$",
    "Use lower-case letters, digits and single hyphens, for example `market-data`.",
  ],
  [
    "^(?:any|[a-z0-9]+-[a-z0-9]+)$",
    "Write `any`, or an operating system and a processor, for example `linux-x64`.",
  ],
  ["^tradsys_[a-z0-9]+(?:_[a-z0-9]+)+$", "For example `tradsys_exchange_reconnect_seconds`."],
  ["^[a-z][a-z0-9_]*$", "Use lower-case letters, digits and underscores, for example `venue`."],
  ["^[a-z0-9][a-z0-9._-]*$", "Use lower-case letters, digits, dots and hyphens, for example `release-2026`."],
  ["^sha256:[0-9a-f]{64}$", "Write `sha256:` and 64 hex digits in lower case."],
  ["^https://", "Write an address that starts with `https://`."],
];

/** What a value of this pattern looks like, in one sentence. */
export const formOf = (pattern: string): string =>
  FORMS.find(([known]) => known === pattern)?.[1] ?? `The form is \`${pattern}\`.`;
