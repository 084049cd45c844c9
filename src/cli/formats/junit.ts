import type { Diagnostic } from "../../domain/diagnostic.ts";
import { printable } from "../render.ts";
import { stablePath, textOf, type Format } from "./format.ts";

/**
 * For test reports: every file is a test case. A case has at most one failure, since readers show only the
 * first; it lists every error of the file, and warnings go to its output.
 */
export const junit: Format = ({ diagnostics, checked, cwd }) => {
  const byFile = Map.groupBy(diagnostics, ({ location }) => (location ? stablePath(location.file, cwd) : ""));
  const names = new Set([...checked.map((file) => stablePath(file, cwd)), ...byFile.keys()]);
  const cases = [...names].map((name) => testCase(name, byFile.get(name) ?? []));
  const failures = cases.filter(({ failed }) => failed).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0"`;
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<testsuites name="tradsys" ${counts}>`,
    `  <testsuite name="tradsys validate" ${counts} skipped="0">`,
    ...cases.flatMap(({ lines }) => lines.map((line) => `    ${line}`)),
    `  </testsuite>`,
    `</testsuites>`,
    "",
  ].join("\n");
};

function testCase(name: string, found: readonly Diagnostic[]): { failed: boolean; lines: string[] } {
  const [errors, warnings] = (["error", "warning"] as const).map((severity) =>
    found.filter((diagnostic) => diagnostic.severity === severity),
  );
  const [first] = errors ?? [];
  const open = `<testcase classname="manifest" name="${attribute(name || "documents together")}"`;
  if (found.length === 0) return { failed: false, lines: [`${open}/>`] };
  return {
    failed: first !== undefined,
    lines: [
      `${open}>`,
      ...(first
        ? [
            `  <failure type="${first.code}" message="${attribute(first.message)}">${xml(listed(errors ?? []))}</failure>`,
          ]
        : []),
      ...(warnings?.length ? [`  <system-out>${xml(listed(warnings))}</system-out>`] : []),
      `</testcase>`,
    ],
  };
}

const listed = (diagnostics: readonly Diagnostic[]): string =>
  diagnostics
    .map((diagnostic) => {
      const { code, location } = diagnostic;
      const at = location?.start ? `${location.start.line}:${location.start.column} ` : "";
      return `${at}${code}: ${textOf(diagnostic)}`;
    })
    .join("\n");

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** In an attribute a bare line feed would be read as a space. */
const attribute = (text: string): string => xml(text).replaceAll("\n", "&#10;");

/** Text for an element. XML 1.0 has no form at all for most control characters, nor for lone surrogates. */
const xml = (text: string): string =>
  printable(text.toWellFormed().replaceAll(/[\uFFFE\uFFFF]/g, "\uFFFD")).replaceAll(
    /[&<>"]/g,
    (unit) => ENTITIES[unit] ?? unit,
  );
