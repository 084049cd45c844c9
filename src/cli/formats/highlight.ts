import type { Screen } from "../command.ts";

/** Plugins, alone or with a version; versions and comparators; what is there to be typed. */
const TELLING =
  /(@[a-z0-9-]+\/[a-z0-9-]+)|((?:[\^~=]|[<>]=?)\s?\d(?:[\w.+-]*\w)?|\b\d+\.\d+\.\d+(?:[-+][\w.-]*\w)?)|(`[^`\n]+`)/g;

const FORMATS = ["cyan", "yellow", "green"] as const;

/** Sets off what a reader looks for in a sentence: names of plugins, versions, commands. */
export function highlight(text: string, paint: Screen["paint"]): string {
  let drawn = "";
  let end = 0;
  for (const match of text.matchAll(TELLING)) {
    const [found, ...kinds] = match;
    drawn += paint(undefined, text.slice(end, match.index));
    drawn += paint(FORMATS[kinds.findIndex((kind) => kind !== undefined)], found);
    end = match.index + found.length;
  }
  return drawn + paint(undefined, text.slice(end));
}
