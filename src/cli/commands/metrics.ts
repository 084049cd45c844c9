import { parsePlugin } from "../../manifest/parse.ts";
import { alertRules } from "../../runtime/telemetry/alert-rules.ts";
import { catalogueOf } from "../../runtime/telemetry/catalogue.ts";
import { dashboardOf } from "../../runtime/telemetry/dashboard.ts";
import { defineCommand, oneOf, type Io } from "../command.ts";
import { manifestPath, readDocument } from "../documents.ts";
import { indentedJson } from "../render.ts";
import { table } from "../table.ts";

const KINDS = ["catalog", "dashboard", "rules"] as const;

export const metricsCommand = defineCommand({
  usage: "catalog|dashboard [plugin folder]...\nrules",
  example: "tradsys metrics dashboard plugins/risk-core > dashboard.json",
  options: {},
  positionals: [1, Infinity],
  choices: KINDS,

  async run({ args: [kind = "", ...paths] }, io) {
    const wanted = oneOf(KINDS, kind, "kind of output");
    if (wanted === "rules") {
      const rules = alertRules();
      return { data: { rules }, lines: [], document: rules };
    }
    const metrics = await readCatalogue(io, paths);
    if (wanted === "dashboard") {
      const dashboard = dashboardOf(metrics);
      return { data: dashboard, lines: [], document: indentedJson(dashboard) };
    }
    const rows = metrics.map(({ exposed, type, labels, owners }) => [
      exposed,
      type,
      labels.join(", "),
      owners.join(", "),
    ]);
    return { data: { metrics }, lines: table(rows) };
  },
});

async function readCatalogue(io: Io, paths: readonly string[]) {
  const files = await Promise.all(paths.map((path) => manifestPath(io, path)));
  const plugins = await Promise.all(files.map((file) => readDocument(io, file, parsePlugin)));
  return catalogueOf(plugins.map(({ value }) => value));
}
