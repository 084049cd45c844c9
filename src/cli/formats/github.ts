import { printable } from "../render.ts";
import { stablePath, textOf, type Format } from "./format.ts";

/**
 * Workflow commands, which GitHub Actions turns into annotations.
 *
 * @see The runner's own escaping, `actions/toolkit`, packages/core/src/command.ts.
 */
export const github: Format = ({ diagnostics, cwd }) =>
  diagnostics
    .map((diagnostic) => {
      const { code, severity, location } = diagnostic;
      const { start, end } = location ?? {};
      const sameLine = start && end?.line === start.line;
      const properties = Object.entries({
        file: location && stablePath(location.file, cwd),
        line: start?.line,
        endLine: end?.line,
        // Columns mean something to GitHub only within one line.
        col: sameLine && start.column,
        endColumn: sameLine && end.column,
        title: code,
      })
        .filter(([, value]) => value)
        .map(([name, value]) => `${name}=${property(String(value))}`);
      return `::${severity} ${properties.join(",")}::${data(textOf(diagnostic))}\n`;
    })
    .join("");

const data = (text: string): string =>
  printable(text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A"));

const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
