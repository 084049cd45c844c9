import { MANIFEST_BYTES } from "../bundle/format.ts";
import { openBundle } from "../bundle/open.ts";
import {
  asFunction,
  BUNDLE_LIMITS,
  type BundleManifest,
  CODE_FILE,
  MANIFEST_FILE,
  type OpenBundle,
} from "../domain/bundle.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { TradsysError } from "../domain/errors.ts";
import { type Digest, labelOf } from "../domain/ids.ts";
import type { Generation, GenerationPlugin } from "../domain/plan.ts";
import { settleAll } from "../domain/settle.ts";
import type { TrustFloor, TrustPolicy } from "../domain/trust.ts";
import type { Files } from "../platform/files.ts";
import type { CheckedSignature } from "../signing/recheck.ts";
import { rulingOf } from "../signing/trust.ts";
import { admit } from "../signing/verification.ts";
import { signedAsIs, verifyBundle } from "../signing/verify.ts";
import { rootPaths } from "./generations.ts";
import { readBlob, readEnvelopes } from "./read.ts";
import { readTrustFloor } from "./trust-floor.ts";

/** A plugin of a generation that may run. */
export interface VerifiedPlugin extends GenerationPlugin {
  readonly bundle: Pick<OpenBundle, "manifest">;
  /** The signatures that let it run. */
  readonly signatures: readonly CheckedSignature[];
  /** Its code as one function, proved to be what was signed. These bytes run; there is no way to them by a path. */
  code(): Buffer;
  /** What to tell each time it is used: its signatures do not suffice, and the trust policy only warns of that. */
  readonly warnings: readonly Diagnostic[];
}

/** All that is to be told of these plugins. */
export const warningsAbout = (plugins: readonly Pick<VerifiedPlugin, "warnings">[]): readonly Diagnostic[] =>
  plugins.flatMap(({ warnings }) => warnings);

interface Where {
  readonly files: Files;
  readonly root: string;
  readonly now: Date;
}

interface Verifying {
  readonly files: Files;
  /** Folder of the store. */
  readonly store: string;
  readonly trust: TrustPolicy;
  readonly floor: TrustFloor;
  /** Judges the validity of keys. */
  readonly now: Date;
}

/**
 * Reads and verifies every bundle of a generation from the store below `root`: by the generation's own trust policy,
 * and by all that the root has learned since. What was revoked later neither starts nor comes back.
 *
 * @throws {TradsysError} one, with a diagnostic for every plugin that does not pass.
 */
export async function verifyGeneration(generation: Generation, where: Where): Promise<VerifiedPlugin[]> {
  const verifying = await verifyingIn(where, generation);
  return settleAll(generation.plugins.map((plugin) => verifyPlugin(plugin, verifying)));
}

/** A plugin that may run on, without its code. */
type ConfirmedPlugin = Pick<VerifiedPlugin, "content" | "bundle" | "warnings">;

/**
 * Proves of plugins that were verified here before that the store still holds their bytes, and that the policy and
 * the root still let them run. Takes little more than to hash the bytes: they are not unpacked again, since their
 * signatures also name the manifest that lies beside them.
 *
 * @throws {TradsysError} as `verifyGeneration` does.
 */
export async function confirmGeneration(
  generation: Generation,
  where: Where,
): Promise<readonly ConfirmedPlugin[]> {
  const verifying = await verifyingIn(where, generation);
  const { files, store, trust: policy, floor, now } = verifying;
  const ruling = rulingOf({ policy, floor, now });
  return settleAll(
    generation.plugins.map(async (plugin): Promise<ConfirmedPlugin> => {
      const { label, envelopes } = await readPlugin(plugin, verifying);
      const signed = signedAsIs(plugin, { file: label, envelopes, ruling });
      const manifest = signed && (await readManifest(files, store, { digest: signed, label }));
      return manifest
        ? { content: plugin.content, bundle: { manifest }, warnings: [] }
        : verifyPlugin(plugin, verifying);
    }),
  );
}

/** The store's copy of a manifest; `undefined` where it has none with that digest. */
async function readManifest(
  files: Files,
  store: string,
  { digest, label }: { readonly digest: Digest; readonly label: string },
): Promise<BundleManifest | undefined> {
  try {
    const what = `${label}: ${MANIFEST_FILE}`;
    const bytes = await readBlob(files, store, { digest, maxBytes: MANIFEST_BYTES, what });
    // To the byte what passed its door when the bundle was verified in full.
    return JSON.parse(bytes.toString()) as BundleManifest;
  } catch (error) {
    if (error instanceof TradsysError) return undefined;
    throw error;
  }
}

/**
 * The manifests of plugins that were verified when they became active, by content, whatever has become of their
 * signatures since: it is their generation that vouches for them.
 *
 * @throws {TradsysError} where the store does not hold their bytes any more.
 */
export async function manifestsOf(
  plugins: readonly GenerationPlugin[],
  { files, root }: Pick<Where, "files" | "root">,
): Promise<ReadonlyMap<Digest, BundleManifest>> {
  const found = await settleAll(
    plugins.map(async (plugin) => {
      const { label, bytes } = await readPlugin(plugin, { files, store: rootPaths(root).store });
      const { content, manifest } = openBundle(bytes, { file: label });
      return [content, manifest] as const;
    }),
  );
  return new Map(found);
}

async function verifyingIn({ files, root, now }: Where, { trust }: Generation): Promise<Verifying> {
  return { files, store: rootPaths(root).store, trust, floor: await readTrustFloor(files, root), now };
}

/**
 * Reads a plugin's bundle once and checks it against the generation and its trust policy. The bytes checked
 * here are the bytes that run.
 *
 * @throws {TradsysError} naming the plugin and the file: `BLOB_MISSING`, `BUNDLE_MODIFIED`, `NOT_SIGNED`,
 *   `NOT_TRUSTED` and the like.
 */
async function verifyPlugin(plugin: GenerationPlugin, verifying: Verifying): Promise<VerifiedPlugin> {
  const { trust: policy, floor, now } = verifying;
  const { label, bytes, envelopes } = await readPlugin(plugin, verifying);
  const verification = verifyBundle({ bytes, file: label, envelopes, policy, floor, now });
  const admitted = admit(verification);
  if (!admitted.ok) throw admitted.error;
  const { bundle, warnings } = admitted.value;

  const { name, version, releaseEpoch } = bundle.manifest;
  if (
    bundle.content !== plugin.content ||
    name !== plugin.name ||
    version !== plugin.version ||
    releaseEpoch !== plugin.releaseEpoch
  ) {
    throw new TradsysError(
      "BUNDLE_MODIFIED",
      `the bundle of ${label} is another one: ${name}@${version} with content ${bundle.content}`,
      { hint: "Plan and apply the deployment again.", location: { file: label } },
    );
  }
  return {
    ...plugin,
    bundle,
    warnings,
    signatures:
      verification.status === "signed" ? verification.keys.map(({ id, role }) => ({ key: id, role })) : [],
    code() {
      const code = bundle.files.get(CODE_FILE);
      if (code) return asFunction(code);
      throw new TradsysError("LOAD_FAILED", `${label} has no ${CODE_FILE}`, { location: { file: label } });
    },
  };
}

async function readPlugin(
  plugin: GenerationPlugin,
  { files, store }: Pick<Verifying, "files" | "store">,
): Promise<{ readonly label: string; readonly bytes: Buffer; readonly envelopes: readonly string[] }> {
  const label = labelOf(plugin);
  const [bytes, envelopes] = await Promise.all([
    readBlob(files, store, {
      digest: plugin.blob,
      maxBytes: BUNDLE_LIMITS.packedBytes,
      what: `the bundle of ${label}`,
    }),
    readEnvelopes(files, store, plugin),
  ]);
  return { label, bytes, envelopes };
}
