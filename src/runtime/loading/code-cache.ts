import { FUNCTION_HEAD } from "../../domain/bundle.ts";
import type { HostFolder } from "../../store/host-folder.ts";
import { codeDigest } from "../../store/plugin-pack.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";

/** What V8 compiled before, by the digest of the code. */
export interface CodeCache {
  /** `undefined` where there is nothing, or where its bytes are not those that were sealed. */
  take(plugin: Pick<VerifiedPlugin, "bundle">): Buffer | undefined;
  readonly state: "used" | "missing" | "rejected";
}

/**
 * Compiled code is for one version of V8. V8 itself checks that, and its flags; what it does not check, and the seal
 * does, is that the code was compiled from this source, in the form that it has today, and by this host.
 */
const id = {
  kind: "code",
  purpose: `node ${process.versions.node} v8 ${process.versions.v8} ${process.arch} ${FUNCTION_HEAD}`,
} as const;

/** The code cache of this host. One that is missing, damaged, forged or made by another V8 is empty. */
export async function readCodeCache(host: HostFolder | undefined): Promise<CodeCache> {
  const pack = (await host?.read<null>(id)) ?? "missing";
  if (typeof pack === "string") return { take: () => undefined, state: pack };
  return {
    take: ({ bundle }) => pack.body(codeDigest(bundle.manifest)),
    state: "used",
  };
}

/** Replaces the code cache: by what is in it of these plugins, and what was compiled now. */
export async function writeCodeCache(
  host: HostFolder,
  plugins: readonly VerifiedPlugin[],
  compiled: ReadonlyMap<VerifiedPlugin, Buffer>,
): Promise<void> {
  const known = await readCodeCache(host);
  const bodies = plugins.flatMap((plugin) => {
    const bytes = compiled.get(plugin) ?? known.take(plugin);
    return bytes ? [[codeDigest(plugin.bundle.manifest), bytes] as const] : [];
  });
  await host.write(id, null, new Map(bodies));
}
