import type { BundleManifest } from "../domain/bundle.ts";
import { DEPLOYMENT_API_VERSION, type Deployment } from "../domain/deployment.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { LOCK_API_VERSION, type Lock } from "../domain/lock.ts";
import { PLUGIN_API_VERSION, type Manifest } from "../domain/manifest.ts";
import { PLAN_API_VERSION, type Plan } from "../domain/plan.ts";
import { PLATFORM_API_VERSION, type PlatformConfig } from "../domain/platform.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { TRUST_API_VERSION, type TrustPolicy } from "../domain/trust.ts";
import { misspeltApiVersion, schemaFindings } from "./check-schema.ts";
import { parseText, type Finding, type TextDocument } from "./document.ts";
import { checkConfig } from "./rules/config.ts";
import { checkContradictions } from "./rules/contradictions.ts";
import { checkEntry } from "./rules/entry.ts";
import { checkGrants } from "./rules/grants.ts";
import { checkHostApi } from "./rules/host-api.ts";
import { checkKeyDays, checkThresholds } from "./rules/keys.ts";
import { checkMetrics } from "./rules/metrics.ts";
import { checkDeployedOnce, checkKeyNames } from "./rules/names.ts";
import { checkNetwork } from "./rules/network.ts";
import { checkPermissions } from "./rules/permissions.ts";
import { checkPlatforms } from "./rules/platforms.ts";
import { checkPolicy } from "./rules/policy.ts";
import { checkOwnPorts, checkPortNames } from "./rules/ports.ts";
import { checkDeploymentRanges, checkPluginRanges } from "./rules/ranges.ts";
import { checkHostPorts, checkVersions } from "./rules/versions.ts";
import * as validators from "./validators.js";

/** A value that passed its schema and every rule, with a way back to the text it came from. */
export interface Parsed<T> {
  readonly value: T;
  /** Findings that do not stop anything. */
  readonly warnings: readonly Diagnostic[];
  /** Gives a later finding about this value its place in the text. */
  readonly locate: TextDocument["locate"];
}

/** The formats that can be told apart by their `apiVersion`. */
export type Format = "plugin" | "deployment" | "platform" | "trust" | "lock" | "plan";

/** A document of a known format. */
export interface AnyDocument extends Parsed<unknown> {
  readonly format: Format;
  readonly file: string;
}

export type Parser<T> = (text: string, file: string) => Result<Parsed<T>, readonly Diagnostic[]>;

type SchemaName = Exclude<keyof typeof validators, "schemas">;
type Rule<T> = (value: T) => readonly Finding[];

/** Turns a document into a checked value: its schema first, then the rules that a schema cannot state. */
type Door<T> = (document: TextDocument) => Result<Parsed<T>, readonly Diagnostic[]>;

const doorOf =
  <T>(schema: SchemaName, rules: readonly Rule<T>[]): Door<T> =>
  (document) => {
    const { locate } = document;
    const value = document.value as T;
    const found = check(value, schema, rules).map(locate).toSorted(byPlace);
    return found.some(isError) ? err(found) : ok({ value, warnings: found, locate });
  };

const parserOf =
  <T>(door: Door<T>): Parser<T> =>
  (text, file) => {
    const document = parseText(text, file);
    return document.ok ? door(document.value) : document;
  };

const isError = ({ severity }: Pick<Diagnostic, "severity">): boolean => severity === "error";

/** In the order in which a reader meets them. */
const byPlace = (a: Diagnostic, b: Diagnostic): number => {
  const [first, second] = [a.location?.start, b.location?.start];
  return (first?.line ?? 0) - (second?.line ?? 0) || (first?.column ?? 0) - (second?.column ?? 0);
};

/** Fills in the defaults of `value`, in place. */
function check<T>(value: T, schema: SchemaName, rules: readonly Rule<T>[]): readonly Finding[] {
  const validate = validators[schema];
  if (!validate(value)) {
    return schemaFindings(validate.errors ?? [], {
      source: { schemas: validators.schemas, file: `${schema}.schema.json` },
      value,
    });
  }
  return rules.flatMap((rule) => rule(value));
}

const PLUGIN_RULES = [
  checkVersions,
  checkPluginRanges,
  checkHostApi,
  checkEntry,
  checkPlatforms,
  checkPortNames,
  checkOwnPorts,
  checkPermissions,
  checkNetwork,
  checkGrants,
  checkMetrics,
  checkContradictions,
];

const pluginDoor = doorOf<Manifest>("plugin", PLUGIN_RULES);
const deploymentDoor = doorOf<Deployment>("deployment", [
  checkDeployedOnce,
  checkDeploymentRanges,
  checkPolicy,
]);
const platformDoor = doorOf<PlatformConfig>("platform", [checkHostPorts]);
const trustDoor = doorOf<TrustPolicy>("trust", [checkKeyNames, checkKeyDays, checkThresholds]);
const lockDoor = doorOf<Lock>("lock", []);
const planDoor = doorOf<Plan>("plan", []);

export const parsePlugin = parserOf(pluginDoor);
export const parseDeployment = parserOf(deploymentDoor);
export const parsePlatform = parserOf(platformDoor);
export const parseTrust = parserOf(trustDoor);
export const parseLock = parserOf(lockDoor);
export const parsePlan = parserOf(planDoor);

/** What is wrong with a plugin's own config schema and its defaults. Apart from the parser, since it takes a compiler. */
export const checkPluginConfig = async ({
  value,
  locate,
}: Pick<Parsed<Manifest>, "value" | "locate">): Promise<readonly Diagnostic[]> =>
  (await checkConfig(value)).map(locate).toSorted(byPlace);

/** All that can be told of a plugin manifest from its text. */
export async function diagnosePlugin(text: string, file: string): Promise<readonly Diagnostic[]> {
  const parsed = parsePlugin(text, file);
  if (!parsed.ok) return parsed.error;
  return [...parsed.value.warnings, ...(await checkPluginConfig(parsed.value))].toSorted(byPlace);
}

/** What is wrong with the `plugin.json` of a bundle that someone else built; empty when it may be used. */
export async function bundleManifestFindings(manifest: BundleManifest): Promise<readonly Finding[]> {
  const complete = structuredClone(manifest);
  const findings = check(complete, "bundle", PLUGIN_RULES).filter(isError);
  return findings.length > 0 ? findings : checkConfig(complete);
}

const FORMATS: Readonly<Record<string, { readonly format: Format; readonly door: Door<unknown> }>> = {
  [PLUGIN_API_VERSION]: { format: "plugin", door: pluginDoor },
  [DEPLOYMENT_API_VERSION]: { format: "deployment", door: deploymentDoor },
  [PLATFORM_API_VERSION]: { format: "platform", door: platformDoor },
  [TRUST_API_VERSION]: { format: "trust", door: trustDoor },
  [LOCK_API_VERSION]: { format: "lock", door: lockDoor },
  [PLAN_API_VERSION]: { format: "plan", door: planDoor },
};

/** Reads a document of any format we know, told apart by its `apiVersion`. */
export function parseAny(text: string, file: string): Result<AnyDocument, readonly Diagnostic[]> {
  const document = parseText(text, file);
  if (!document.ok) return document;
  const { value, locate } = document.value;
  const fields = isRecord(value) ? value : {};
  const apiVersion = typeof fields["apiVersion"] === "string" ? fields["apiVersion"] : undefined;
  const known =
    apiVersion !== undefined && Object.hasOwn(FORMATS, apiVersion) ? FORMATS[apiVersion] : undefined;
  if (known) {
    const parsed = known.door(document.value);
    return parsed.ok ? ok({ ...parsed.value, format: known.format, file }) : parsed;
  }
  const misspelt = "apiVersion" in fields ? undefined : misspeltApiVersion(Object.keys(fields));
  return err([
    locate(
      misspelt ?? {
        code: "API_VERSION_UNKNOWN",
        severity: "error",
        pointer: "/apiVersion",
        message:
          apiVersion === undefined
            ? "`apiVersion` is missing, or not a string"
            : `\`apiVersion: ${apiVersion}\` is not known`,
        hint: `Known are ${Object.keys(FORMATS)
          .map((name) => `\`${name}\``)
          .join(", ")}.`,
      },
    ),
  ]);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
