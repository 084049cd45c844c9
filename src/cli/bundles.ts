import { basename, dirname, join, resolve } from "node:path";

import { ENVELOPE_BYTES } from "../bundle/format.ts";
import { BUNDLE_LIMITS } from "../domain/bundle.ts";
import type { Io } from "./command.ts";
import { ENVELOPE_SUFFIX } from "./options.ts";

/** A bundle on disk and the envelopes beside it. */
interface BundleFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly envelopes: readonly string[];
}

/** Reads a bundle and every envelope beside it, in the order of their names. */
export async function readBundleFile(io: Io, file: string): Promise<BundleFile> {
  const path = resolve(io.cwd, file);
  const bytes = await io.files.read(path, BUNDLE_LIMITS.packedBytes);
  const names = (await io.files.list(dirname(path))).filter(
    (name) => name.startsWith(`${basename(path)}.`) && name.endsWith(ENVELOPE_SUFFIX),
  );
  const envelopes = await Promise.all(
    names.map(async (name) =>
      (await io.files.read(join(dirname(path), name), ENVELOPE_BYTES)).toString("utf8"),
    ),
  );
  return { path, bytes, envelopes };
}
