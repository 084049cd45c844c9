import { indentedJson } from "../render.ts";
import { fingerprints } from "./fingerprints.ts";
import { stablePath, textOf, type Format } from "./format.ts";

/** A Code Quality report. @see GitLab's documentation, "Code Quality report format". */
export const gitlab: Format = (report) => {
  const marks = fingerprints(report);
  return indentedJson(
    report.diagnostics.map((diagnostic, i) => ({
      description: textOf(diagnostic),
      check_name: diagnostic.code,
      fingerprint: marks[i],
      severity: diagnostic.severity === "error" ? "major" : "minor",
      // Both are required, also of what has no place.
      location: {
        path: diagnostic.location ? stablePath(diagnostic.location.file, report.cwd) : ".",
        lines: { begin: diagnostic.location?.start?.line ?? 1 },
      },
    })),
  );
};
