import { dirname, join, resolve } from "node:path";

import { canonical, type Json } from "../domain/canonical.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { failWith, TradsysError } from "../domain/errors.ts";
import type { Host } from "../domain/host.ts";
import type { PlatformConfig } from "../domain/platform.ts";
import type { Result } from "../domain/result.ts";
import type { TrustPolicy } from "../domain/trust.ts";
import { decodeText, MAX_TEXT_BYTES } from "../manifest/text.ts";
import type { Io } from "./command.ts";

/** Reads a manifest, lock, plan or policy through its door. @throws {TradsysError} with every finding in it. */
export async function readDocument<D>(
  io: Io,
  file: string,
  parse: (text: string, file: string) => Result<D, readonly Diagnostic[]>,
): Promise<D> {
  const text = decodeText(await io.files.read(file, MAX_TEXT_BYTES), file);
  const parsed = text.ok ? parse(text.value, file) : text;
  if (!parsed.ok) throw failWith(parsed.error);
  return parsed.value;
}

/** @throws {TradsysError} `FILE_MISSING`, with what makes a policy, and whatever is wrong with it. */
export async function readTrust(io: Io, file: string): Promise<TrustPolicy> {
  await requireTrust(io, file);
  const { parseTrust } = await import("../manifest/parse.ts");
  return (await readDocument(io, file, parseTrust)).value;
}

/** @throws {TradsysError} `FILE_MISSING` where there is no trust policy, with what makes one. */
export async function requireTrust(io: Io, file: string): Promise<void> {
  if ((await io.files.kind(file)) !== "missing") return;
  throw new TradsysError("FILE_MISSING", "there is no trust policy here", {
    hint: "`tradsys keys generate NAME --trust FILE` makes one that trusts the new key.",
    location: { file },
  });
}

/** The policy that a deployment names, relative to it. */
export const readTrustFor = (io: Io, deploymentFile: string, trust: string): Promise<TrustPolicy> =>
  readTrust(io, resolve(dirname(deploymentFile), trust));

/** The platform configuration that a deployment names, relative to it, if it names one. */
export async function readPlatformFor(io: Io, deploymentFile: string, platform: string | undefined) {
  if (platform === undefined) return undefined;
  const file = resolve(dirname(deploymentFile), platform);
  const { parsePlatform } = await import("../manifest/parse.ts");
  return { ...(await readDocument(io, file, parsePlatform)), file };
}

/** The host that a deployment is for: this machine, and what its platform configuration says that the host provides. */
export const hostOf = (io: Io, platform: { readonly value: PlatformConfig } | undefined): Host =>
  platform?.value.ports ? { ...io.host, ports: platform.value.ports } : io.host;

/**
 * The text of a file that machines write and people review: canonical order, indented, so that a difference
 * shows line by line.
 */
export const reviewable = (value: object): string =>
  `${JSON.stringify(JSON.parse(canonical(value)) as Json, undefined, 2)}\n`;

/** The manifest in a plugin folder; a path to the manifest itself is taken too. */
export async function manifestPath(io: Io, path: string): Promise<string> {
  const full = resolve(io.cwd, path);
  return (await io.files.kind(full)) === "folder" ? join(full, "plugin.yaml") : full;
}

/** `paper-desk.yaml` has its lock in `paper-desk.lock.json`, and so on. */
export const beside = (deploymentFile: string, extension: string): string =>
  `${deploymentFile.replace(/\.(?:ya?ml|json)$/, "")}${extension}`;

export const hasError = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(({ severity }) => severity === "error");

/** `1 error, 2 warnings` */
export function countOf(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  return [plural(errors, "error"), plural(diagnostics.length - errors, "warning")].join(", ");
}

export const plural = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : nouns}`;

/** Long digests are told by their first twelve digits, as people compare them. */
export const short = (digest: string): string => digest.replace(/^sha256:/, "").slice(0, 12);

export const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

export const size = (bytes: number): string =>
  bytes < 1024
    ? `${bytes} B`
    : bytes < 1024 ** 2
      ? `${(bytes / 1024).toFixed(1)} KiB`
      : `${(bytes / 1024 ** 2).toFixed(2)} MiB`;
