import { join } from "node:path";

import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import { isDigest, type Digest } from "../domain/ids.ts";
import { GENERATION_API_VERSION, type Generation } from "../domain/plan.ts";
import type { Files } from "../platform/files.ts";

/** Largest generation that is read, in bytes. */
const MAX_GENERATION_BYTES = 16 * 1024 * 1024;

/** Where things stand below a root, the one folder that a host runs from. */
export const rootPaths = (root: string) => ({
  /** Bundles and envelopes, as an OCI image layout. */
  store: join(root, "store"),
  /** Points at the active generation; switched with one rename. */
  current: join(root, "current"),
  /** What was activated, when and by whom. */
  journal: join(root, "journal.jsonl"),
  /** Held while something is activated. */
  lock: join(root, "activation.lock"),
  /** Holds one folder for each generation, named by its digest. */
  generations: join(root, "generations"),
  generation: (digest: Digest) => join(root, generationFolder(digest), "generation.json"),
});

/** The link target of `current`, relative to the root. */
export const generationFolder = (digest: Digest): string =>
  join("generations", digest.slice("sha256:".length));

/** A generation and the digest that names it. */
export interface ActiveGeneration {
  readonly digest: Digest;
  readonly generation: Generation;
}

/** The digest that `current` points at; null where nothing was ever activated. */
export async function currentDigest(files: Files, root: string): Promise<Digest | null> {
  const target = await files.readLink(rootPaths(root).current);
  if (target === undefined) return null;
  const digest = `sha256:${target.replace(/^generations[/\\]/, "")}`;
  if (isDigest(digest)) return digest;
  throw new TradsysError(
    "GENERATION_DAMAGED",
    `${rootPaths(root).current} points at ${target}, which is no generation`,
    {
      hint: "Point it at one with `tradsys rollback GENERATION`.",
    },
  );
}

/** The generation that runs, or would run, from this root; null where nothing was ever activated. */
export async function readCurrent(files: Files, root: string): Promise<ActiveGeneration | null> {
  const digest = await currentDigest(files, root);
  return digest === null ? null : { digest, generation: await readGeneration(files, root, digest) };
}

/**
 * Reads a generation and proves that it is the one its name says.
 *
 * @throws {TradsysError} `GENERATION_MISSING`, `GENERATION_DAMAGED`, or `API_VERSION_UNKNOWN` when another
 *   version of this product wrote it.
 */
export async function readGeneration(files: Files, root: string, digest: Digest): Promise<Generation> {
  const file = rootPaths(root).generation(digest);
  if ((await files.kind(file)) === "missing") {
    throw new TradsysError("GENERATION_MISSING", `there is no generation ${digest} in ${root}`, {
      hint: "`tradsys status` lists the generations.",
      location: { file },
    });
  }
  const bytes = await files.read(file, MAX_GENERATION_BYTES);
  const actual = sha256(bytes);
  if (actual !== digest) {
    throw new TradsysError("GENERATION_DAMAGED", `${file} was changed: it hashes to ${actual}`, {
      hint: "Go back with `tradsys rollback`, or plan and apply the deployment again.",
      location: { file },
    });
  }
  const generation = JSON.parse(bytes.toString("utf8")) as Generation;
  const format: string = generation.apiVersion;
  if (format !== GENERATION_API_VERSION) {
    throw new TradsysError("API_VERSION_UNKNOWN", `${file} has the format ${format}`, {
      hint: `This version of tradsys reads ${GENERATION_API_VERSION}; use the version that wrote it.`,
      location: { file },
    });
  }
  return generation;
}
