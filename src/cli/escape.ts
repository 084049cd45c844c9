import { printable } from "./render.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as text, wherever it stands in a page. */
export const escaped = (text: string): string =>
  printable(text).replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? "");
