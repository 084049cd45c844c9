import { join } from "node:path";

import type { Message } from "esbuild";

import { canonical } from "../domain/canonical.ts";
import type { ErrorCode } from "../domain/codes.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { failWith } from "../domain/errors.ts";

/** What esbuild says, as findings at their places in the plugin's folder; each once, however often it is said. */
export const diagnosticsOf = (
  messages: readonly Message[],
  folder: string,
  severity: Diagnostic["severity"],
): Diagnostic[] => [
  ...new Map(
    messages
      .map((message) => diagnosticOf(message, folder, severity))
      .map((found) => [canonical([found.code, found.message]), found]),
  ).values(),
];

/** The failure that an exception of esbuild stands for. Anything else is a bug and returned as it is. */
export const buildFailure = (failure: unknown, folder: string): unknown =>
  isBuildFailure(failure) ? failWith(diagnosticsOf(failure.errors, folder, "error")) : failure;

const isBuildFailure = (error: unknown): error is { readonly errors: readonly Message[] } =>
  error instanceof Error && "errors" in error && Array.isArray(error.errors) && error.errors.length > 0;

function diagnosticOf(message: Message, folder: string, severity: Diagnostic["severity"]): Diagnostic {
  const { location, text } = message;
  const { code, hint } = classify(message);
  return {
    code,
    severity,
    message: text,
    ...(location && {
      location: {
        file: join(folder, location.file),
        start: { line: location.line, column: location.column + 1 },
        end: { line: location.line, column: location.column + Math.max(location.length, 1) + 1 },
      },
    }),
    ...(hint !== undefined && { hint }),
  };
}

function classify({ text, detail }: Message): { code: ErrorCode; hint?: string } {
  if (detail === "IMPORT_DEEP") {
    return {
      code: "IMPORT_DEEP",
      hint: "Pin the package to an exact version: its inside may change in any release.",
    };
  }
  if (text.startsWith("Top-level await")) {
    return {
      code: "TOP_LEVEL_AWAIT",
      hint: "Move it into `activate` or a facet's `start`, which may be async.",
    };
  }
  const unresolved = /^Could not resolve "([^"]+)"/.exec(text)?.[1];
  if (unresolved === undefined) return { code: "BUILD_FAILED" };
  const hint = /^[./]/.test(unresolved)
    ? "Check the path and the file's extension."
    : `Run \`npm install ${unresolved}\` where the plugin is built, or list it in hostProvided.`;
  return { code: "IMPORT_UNRESOLVED", hint };
}
