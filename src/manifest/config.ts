import type { Manifest } from "../domain/manifest.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { schemaFindings } from "./check-schema.ts";
import { compileConfigSchema } from "./config-schema.ts";
import type { Finding } from "./document.ts";
import { mergeConfig, type Config } from "./layers/merge.ts";

/**
 * The configuration a plugin is given: its defaults, overridden member by member, checked against its schema.
 * Findings point into the overrides.
 */
export async function effectiveConfig(
  manifest: Pick<Manifest, "config">,
  overrides: Config,
): Promise<Result<Config, readonly Finding[]>> {
  const { schema, defaults } = manifest.config;
  const config = mergeConfig(defaults, overrides);
  const compiled = await compileConfigSchema(schema);
  // The plugin's author wrote the schema; in the overrides there is no place for what is wrong with it.
  if (!compiled.ok) return err(compiled.error.slice(0, 1).map((found) => ({ ...found, pointer: "" })));
  const checked = compiled.value(config);
  if (!checked.ok) return err([checked.error]);
  if (checked.value.length === 0) return ok(config);
  const source = { schemas: { config: schema }, file: "config", subject: "its configuration" };
  return err(
    schemaFindings(checked.value, { source, value: config }).map((found) => ({
      ...found,
      code: "CONFIG_INVALID",
    })),
  );
}
