import type { Manifest } from "../../domain/manifest.ts";
import { schemaFindings } from "../check-schema.ts";
import { compileConfigSchema } from "../config-schema.ts";
import type { Finding } from "../document.ts";

/** What a deployment can still add: defaults need not be complete. */
const COMPLETENESS = new Set(["required", "dependentRequired", "minProperties"]);

/** A plugin's config schema can be used, and its own defaults pass it. */
export async function checkConfig({
  config: { schema, defaults },
}: Pick<Manifest, "config">): Promise<readonly Finding[]> {
  const compiled = await compileConfigSchema(schema);
  if (!compiled.ok) return below("/config/schema", compiled.error);
  const checked = compiled.value(defaults);
  if (!checked.ok) return below("/config/schema", [checked.error]);
  const findings = schemaFindings(
    checked.value.filter(({ keyword }) => !COMPLETENESS.has(keyword)),
    {
      source: { schemas: { config: schema }, file: "config", subject: "`config.defaults`" },
      value: defaults,
    },
  );
  return below(
    "/config/defaults",
    findings.map((found) => ({ ...found, code: "CONFIG_INVALID" })),
  );
}

const below = (base: string, findings: readonly Finding[]): readonly Finding[] =>
  findings.map((found) => ({ ...found, pointer: `${base}${found.pointer}` }));
