import type { Json } from "../domain/canonical.ts";
import type { Manifest } from "../domain/manifest.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { schemaFindings } from "./check-schema.ts";
import type { Finding } from "./document.ts";

type Config = { readonly [key: string]: Json };

/**
 * The configuration a plugin is given: its defaults, overridden member by member, checked against its schema.
 * Findings point into the overrides.
 *
 * The schema compiler is loaded only here: plugins bring schemas of their own.
 */
export async function effectiveConfig(
  manifest: Pick<Manifest, "config">,
  overrides: Config,
): Promise<Result<Config, readonly Finding[]>> {
  const config = merge(manifest.config.defaults, overrides);
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    allErrors: true,
    ownProperties: true,
    messages: false,
  });
  try {
    const validate = ajv.compile(manifest.config.schema);
    if (validate(config)) return ok(config);
    return err(
      schemaFindings(validate.errors ?? [], {
        source: { schemas: { config: manifest.config.schema }, file: "config", subject: "its configuration" },
        value: config,
      }).map((found) => ({
        ...found,
        code: "CONFIG_INVALID",
      })),
    );
  } catch (error) {
    const message = `the plugin's config schema cannot be used: ${error instanceof Error ? error.message : String(error)}`;
    return err([{ code: "CONFIG_SCHEMA_INVALID", severity: "error", pointer: "", message }]);
  }
}

/** Objects merge member by member; everything else, lists too, is replaced. */
function merge(base: Config, over: Config): Config {
  const overrides = Object.entries(over).map(([key, value]) => {
    const below = Object.hasOwn(base, key) ? base[key] : undefined;
    return [key, isConfig(below) && isConfig(value) ? merge(below, value) : value] as const;
  });
  return Object.fromEntries([...Object.entries(base), ...overrides]);
}

const isConfig = (value: Json | undefined): value is Config =>
  typeof value === "object" && value !== null && !Array.isArray(value);
