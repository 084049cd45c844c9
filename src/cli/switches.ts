/** What every command understands, for people. */
export const SWITCHES_HELP = [
  ["--help", "Show this text"],
  ["--json", "Print one JSON document instead of text"],
  ["--quiet", "Print problems only"],
  ["--verbose", "Print the causes of a failure"],
  ["--no-color", "Do not use colour; so does NO_COLOR=1"],
  ["--version", "Print the version"],
] as const;
