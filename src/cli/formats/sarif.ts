import { docsOf, type Diagnostic, type Location } from "../../domain/diagnostic.ts";
import { indentedJson } from "../render.ts";
import { version } from "../version.ts";
import { fingerprints } from "./fingerprints.ts";
import { stableUri, textOf, type Format } from "./format.ts";

/** For code scanning. @see SARIF 2.1.0, OASIS Standard; sections in the comments are its. */
export const sarif: Format = (report) => {
  const codes = [...new Set(report.diagnostics.map(({ code }) => code))].toSorted();
  const marks = fingerprints(report);
  const place = (location: Location) => physicalLocation(location, report.cwd);

  const result = (diagnostic: Diagnostic, i: number) => ({
    ruleId: diagnostic.code,
    ruleIndex: codes.indexOf(diagnostic.code),
    level: diagnostic.severity,
    message: { text: textOf(diagnostic) },
    ...(diagnostic.location && { locations: [place(diagnostic.location)] }),
    ...(diagnostic.related && {
      relatedLocations: diagnostic.related.map(({ message, location }, id) => ({
        id,
        message: { text: message },
        ...place(location),
      })),
    }),
    // 3.27.17: what makes the result the same one in the next run.
    partialFingerprints: { "tradsys/v1": marks[i] },
  });

  return indentedJson({
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "tradsys",
            informationUri: "https://tradsys.dev",
            semanticVersion: version,
            rules: codes.map((id) => ({ id, helpUri: docsOf(id) })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: report.diagnostics.map(result),
      },
    ],
  });
};

function physicalLocation({ file, start, end }: Location, cwd: string) {
  const uri = stableUri(file, cwd);
  return {
    physicalLocation: {
      // 3.4.4: a base only for a reference that is relative.
      artifactLocation: uri.startsWith("file:") ? { uri } : { uri, uriBaseId: "%SRCROOT%" },
      ...(start && {
        region: {
          startLine: start.line,
          startColumn: start.column,
          ...(end && { endLine: end.line, endColumn: end.column }),
        },
      }),
    },
  };
}
