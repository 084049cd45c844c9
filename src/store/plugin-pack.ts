import { type BundleManifest, CODE_FILE, FUNCTION_HEAD } from "../domain/bundle.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { GenerationPlugin } from "../domain/plan.ts";
import type { TrustFloor } from "../domain/trust.ts";
import type { Files } from "../platform/files.ts";
import { type CheckedSignature, stillTrusted } from "../signing/recheck.ts";
import { rulingOf } from "../signing/trust.ts";
import type { ActiveGeneration } from "./generations.ts";
import { type HostFolder, makeHostFolder } from "./host-folder.ts";
import type { VerifiedPlugin } from "./verified-plugin.ts";

/** What the index of a pack tells of one plugin. Its code is the body named by the code's digest. */
interface PackedPlugin extends Pick<GenerationPlugin, "content"> {
  readonly manifest: BundleManifest;
  readonly signatures: readonly CheckedSignature[];
}

/** Code in a pack has the form in which it is compiled: one that was written for another form is for another purpose. */
const idOf = (generation: Digest) =>
  ({ kind: "plugins", purpose: `${generation} ${FUNCTION_HEAD}` }) as const;

/**
 * Keeps what was verified of a generation, so that the next start reads one file and no envelope. Nothing depends
 * on it: where it cannot be written, starts take longer.
 */
export async function keepPluginPack(
  plugins: readonly VerifiedPlugin[],
  { files, root, digest }: { readonly files: Files; readonly root: string; readonly digest: Digest },
): Promise<void> {
  const head = plugins.map(({ content, bundle: { manifest }, signatures }): PackedPlugin => ({
    content,
    manifest,
    signatures,
  }));
  const withCode = plugins.filter(({ bundle }) => codeDigest(bundle.manifest) !== "");
  const bodies = withCode.map((plugin) => [codeDigest(plugin.bundle.manifest), plugin.code()] as const);
  try {
    const host = await makeHostFolder(files, root);
    await host?.write(idOf(digest), head, new Map(bodies));
  } catch (error) {
    if (!(error instanceof TradsysError)) throw error;
  }
}

interface Grounds {
  readonly now: Date;
  /** What the root has learned since the pack was written. */
  readonly floor: TrustFloor;
}

/**
 * The plugins of a generation out of this host's pack, if full verification would let them run today.
 *
 * @returns `missing`, or `rejected` for a pack that is not whole, not sealed by this host for this generation, or
 *   holds what the trust policy no longer lets run.
 */
export async function readPluginPack(
  host: HostFolder,
  { digest, generation }: ActiveGeneration,
  { now, floor }: Grounds,
): Promise<readonly VerifiedPlugin[] | "missing" | "rejected"> {
  const pack = await host.read<readonly PackedPlugin[]>(idOf(digest));
  if (typeof pack === "string") return pack;
  const plugins = generation.plugins.flatMap((plugin, i): VerifiedPlugin[] => {
    const packed = pack.head[i];
    const code = packed && pack.body(codeDigest(packed.manifest));
    if (!code || packed.content !== plugin.content) return [];
    const { manifest, signatures } = packed;
    return [{ ...plugin, bundle: { manifest }, signatures, warnings: [], code: () => code }];
  });
  const isWhole = plugins.length === generation.plugins.length;
  const ruling = rulingOf({ policy: generation.trust, floor, now });
  return isWhole && stillTrusted(plugins, ruling) ? plugins : "rejected";
}

/** The digest of a plugin's code, as its manifest has it; empty for one without code, which then fails to load. */
export const codeDigest = ({ files }: BundleManifest): string => files[CODE_FILE]?.sha256 ?? "";
