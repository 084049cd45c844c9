import { join } from "node:path";

import { openBuild, type BuiltBundle } from "../../build/build-plugin.ts";
import { sourceLocator } from "../../build/locate.ts";
import { startSmoke } from "../../build/smoke.ts";
import type { BuildState, BuildSummary, Place } from "../../build/state.ts";
import { checkTypes, type TypeCheck } from "../../build/typecheck.ts";
import {
  Witnessing,
  witnessLicenses,
  witnessMaps,
  witnessSources,
  witnessTypes,
} from "../../build/witnesses.ts";
import type { Diagnostic } from "../../domain/diagnostic.ts";
import { sha256 } from "../../domain/digest.ts";
import { failWith } from "../../domain/errors.ts";
import type { PluginName } from "../../domain/ids.ts";
import { type Manifest, type Target, targetOf } from "../../domain/manifest.ts";
import { settleAll } from "../../domain/settle.ts";
import { checkPluginConfig, parsePlugin } from "../../manifest/parse.ts";
import type { Signer } from "../../signing/keys.ts";
import { signBundle } from "../../signing/sign.ts";
import type { Io } from "../command.ts";
import { hasError, readDocument, short } from "../documents.ts";
import { ENVELOPE_SUFFIX } from "../options.ts";
import { requestId, type BuildRequest } from "./request.ts";
import { treemap } from "./treemap.ts";

/** Inputs of the size report's text. */
const LARGEST = 10;

/** A file that was changed this shortly before a build may have been changed while it was read: clocks of file systems tick. */
const CLOCK_TICK_MS = 20;

/** A plugin whose manifest was read. */
export interface ReadPlugin {
  readonly place: Place;
  readonly name: PluginName;
  readonly version: string;
  readonly manifest: Manifest;
  readonly warnings: readonly Diagnostic[];
  readonly provides: readonly Target[];
  readonly requires: readonly Target[];
  /** When reading began, in milliseconds since 1970. */
  readonly began: number;
}

/** Every file to write, by its name in the output folder. */
type Artifacts = ReadonlyMap<string, Uint8Array | string>;

/** A plugin that was built. Nothing of it is on the disk yet. */
export interface MadePlugin {
  readonly place: Place;
  readonly summary: BuildSummary;
  readonly artifacts: Artifacts;
  /** Absent where a file changed while it was read: nobody can tell what the build followed from. */
  readonly state: BuildState | undefined;
}

/** What building needs to know beside the plugin. */
export interface Building {
  readonly io: Io;
  readonly request: BuildRequest;
  readonly signer: Signer | undefined;
}

/** @throws {TradsysError} with everything that is wrong in the manifest. */
export async function readPlugin(io: Io, place: Place): Promise<ReadPlugin> {
  const began = io.now().getTime();
  const parsed = await readDocument(io, place.file, parsePlugin);
  const findings = await checkPluginConfig(parsed);
  if (findings.length > 0) throw failWith(findings);
  const { value: manifest, warnings } = parsed;
  const facets = Object.values(manifest.facets);
  return {
    place,
    name: manifest.name,
    version: manifest.version,
    manifest,
    warnings,
    provides: [
      targetOf({ plugin: manifest.name }),
      ...facets.flatMap(({ provides }) => Object.keys(provides).map((port) => targetOf({ port }))),
    ],
    requires: facets.flatMap(({ requires }) => requires.map(targetOf)),
    began,
  };
}

/**
 * Builds a plugin and holds it to all that a build checks. Types are checked and the process that loads the bundle is
 * started meanwhile.
 *
 * @throws {TradsysError} with all that is wrong with the sources, their types, or loading the bundle.
 */
export async function buildOne(plugin: ReadPlugin, building: Building): Promise<MadePlugin> {
  const { io, request } = building;
  const { manifest, place } = plugin;
  await using opened = await openBuild(manifest, place.folder, { files: io.files, debug: request.debug });
  const checks = startChecks(plugin, building);
  await using _ = checks;
  const bundling = opened.build();
  await settleAll<unknown>([bundling, checks.types]);
  const bundle = await bundling;
  await checks.load(bundle);
  const artifacts = await artifactsOf(bundle, building);
  const finished = { plugin, bundle, artifacts, types: await checks.types };
  return {
    place,
    summary: summaryOf(finished, request),
    artifacts,
    state: stateOf(finished, building),
  };
}

/** Types, and loading the packed bundle. */
export interface Checks extends AsyncDisposable {
  /** Rejects with the findings where types do not fit. */
  readonly types: Promise<TypeCheck>;
  /** @throws {TradsysError} with what is wrong with loading it. */
  load(bundle: BuiltBundle): Promise<void>;
}

export function startChecks({ manifest, place }: ReadPlugin, { io, request }: Building): Checks {
  const { folder } = place;
  const types = typesOf(folder, { io, request });
  // Whoever waits for it hears of it.
  types.catch(() => undefined);
  const smoke = startSmoke();
  return {
    types,
    async load({ bytes }) {
      const locator = () => sourceLocator(manifest, folder, io.files);
      const findings = await (await smoke).load({ bytes, manifest, folder, locator });
      if (findings.length > 0) throw failWith(findings);
    },
    [Symbol.asyncDispose]: async () => (await smoke)[Symbol.dispose](),
  };
}

async function typesOf(folder: string, { io, request }: Omit<Building, "signer">): Promise<TypeCheck> {
  if (!request.typecheck) return { kind: "skipped", reason: "--no-typecheck" };
  const types = await checkTypes(folder, io.files);
  if (types.kind === "checked" && hasError(types.findings)) throw failWith(types.findings);
  return types;
}

/** Every file that a bundle comes to, by its name in the output folder. */
export async function artifactsOf(bundle: BuiltBundle, { request, signer }: Building): Promise<Artifacts> {
  const artifacts = new Map<string, Uint8Array | string>([[bundle.fileName, bundle.bytes]]);
  if (bundle.debug) artifacts.set(bundle.debug.fileName, bundle.debug.bytes);
  if (request.analyze) {
    const page = bundle.fileName.replace(/\.tar\.gz$/, "-size.html");
    artifacts.set(page, treemap(bundle.manifest, bundle.shares));
  }
  if (signer) {
    const envelope = `${bundle.fileName}.${short(signer.publicKey.id)}-builder${ENVELOPE_SUFFIX}`;
    artifacts.set(envelope, await signBundle(bundle, signer, { role: "builder" }));
  }
  return artifacts;
}

/** Puts them where they belong; each is there whole, or not at all. */
export async function writeArtifacts(io: Io, { out }: Place, artifacts: Artifacts): Promise<void> {
  await settleAll([...artifacts].map(([name, bytes]) => io.files.write(join(out, name), bytes)));
}

/** A plugin that was built and checked. */
export interface Finished {
  readonly plugin: ReadPlugin;
  readonly bundle: BuiltBundle;
  readonly artifacts: Artifacts;
  readonly types: TypeCheck;
}

/** What is told of it. */
export function summaryOf({ plugin, bundle, types }: Finished, { analyze }: BuildRequest): BuildSummary {
  const { name, version, provides, requires, warnings } = plugin;
  return {
    name,
    version,
    fileName: bundle.fileName,
    content: bundle.content,
    blob: bundle.blob,
    size: bundle.bytes.length,
    packages: bundle.packages,
    provides,
    requires,
    ...(types.kind === "skipped" && { untyped: types.reason }),
    shares: analyze ? bundle.shares.slice(0, LARGEST) : [],
    warnings: [...warnings, ...bundle.warnings, ...(types.kind === "checked" ? types.findings : [])],
  };
}

/** What it followed from; undefined where a file changed while it was read, so that nobody can tell. */
export function stateOf(finished: Finished, { io, request }: Building): BuildState | undefined {
  const { plugin, bundle, types, artifacts } = finished;
  const { file, folder } = plugin.place;
  const now = new Witnessing(io.look);
  now.content(file);
  if (request.key !== undefined) now.content(request.key);
  witnessSources(now, bundle.metafile, folder);
  witnessLicenses(now, bundle.packageFolders);
  if (request.debug) witnessMaps(now, bundle.metafile, folder);
  if (request.typecheck) witnessTypes(now, folder, types.kind === "checked" ? types.files : []);
  const settled = plugin.began - CLOCK_TICK_MS;
  if (now.files().some((path) => (io.look.changedAt(path) ?? 0) >= settled)) return undefined;
  return {
    request: requestId(request),
    witnesses: now.from(folder),
    outputs: Object.fromEntries([...artifacts].map(([name, bytes]) => [name, sha256(bytes)])),
    summary: summaryOf(finished, request),
  };
}
