import { flatName, type PluginName } from "../domain/ids.ts";

/** Largest `plugin.json`, in bytes. */
export const MANIFEST_BYTES = 1024 * 1024;
/** Largest envelope, in bytes: it names every file of the bundle. */
export const ENVELOPE_BYTES = 1024 * 1024;
/** @see Sigstore protobuf-specs, `sigstore_bundle.proto`: the JSON form of version 0.3. */
export const ENVELOPE_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** The names that a bundle travels under: `tradsys-risk-core-4.2.0.tar.gz`, and the same without `.gz` for its content. */
export function bundleFiles(plugin: { readonly name: PluginName; readonly version: string }) {
  const archive = `${flatName(plugin.name)}-${plugin.version}.tar`;
  return { archive, packed: `${archive}.gz` };
}
