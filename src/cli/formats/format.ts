import { relative, sep } from "node:path";
import { pathToFileURL } from "node:url";

import type { Diagnostic } from "../../domain/diagnostic.ts";

/** What one run found, for whoever writes it down. */
export interface Report {
  readonly diagnostics: readonly Diagnostic[];
  /** Absolute paths of all that was checked. */
  readonly checked: readonly string[];
  /** The folder that paths in the report start from. */
  readonly cwd: string;
}

/** Writes a report as a document that another tool reads, line feed at its end included. */
export type Format = (report: Report) => string;

/** What a diagnostic says beyond its message, told once: many messages name what was expected or found themselves. */
export const detailsOf = ({ message, expected, found, hint }: Diagnostic): string[] => [
  ...(expected === undefined || message.includes(expected) ? [] : [`expected: ${expected}`]),
  ...(found === undefined || message.includes(found) ? [] : [`found: ${found}`]),
  ...(hint === undefined ? [] : [hint]),
];

/** Everything a diagnostic says, for readers that have one field for it. */
export const textOf = (diagnostic: Diagnostic): string =>
  [diagnostic.message, ...detailsOf(diagnostic)].join("\n");

/**
 * A path as every machine writes it: below `cwd` relative to it, with `/`; elsewhere absolute. Pipelines that
 * check out the same sources at different places get the same text.
 */
export function stablePath(file: string, cwd: string): string {
  const path = relative(cwd, file).replaceAll(sep, "/");
  return isOutside(path) ? file.replaceAll(sep, "/") : path;
}

/** The same as a URI reference (RFC 3986). */
export function stableUri(file: string, cwd: string): string {
  const path = relative(cwd, file).replaceAll(sep, "/");
  return isOutside(path) ? pathToFileURL(file).href : path.split("/").map(encodeURIComponent).join("/");
}

const isOutside = (path: string): boolean => path.startsWith("../") || /^(?:\/|[A-Za-z]:)/.test(path);
