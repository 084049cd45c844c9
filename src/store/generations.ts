import { basename, join } from "node:path";

import { parseJson } from "../bundle/shape.ts";
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
  /** What was learned about trust here and is never unlearned. */
  trustFloor: join(root, "trust-floor.json"),
  /** Held while something is activated. */
  lock: join(root, "activation.lock"),
  /** Holds one folder for each generation, named by its digest. */
  generations: join(root, "generations"),
  generation: (digest: Digest) => join(root, generationFolder(digest), "generation.json"),
  /** Holds what this host vouches for to itself; nobody but its user may enter. */
  host: join(root, "host"),
  /** Where the host that runs here can be asked, and what opens it. */
  admin: join(root, "host", "admin.json"),
  adminToken: join(root, "host", "admin-token"),
  /** The plan that led to a generation, so that it can be gone on with where the plan's own file is lost. */
  plan: (digest: Digest) => join(root, generationFolder(digest), "plan.json"),
  /** Signed statements about how far the journal had come. */
  checkpoints: join(root, "checkpoints"),
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
  const { current } = rootPaths(root);
  const target = await files.readLink(current);
  if (target === undefined) return null;
  const digest = `sha256:${basename(target)}`;
  if (isDigest(digest) && target === generationFolder(digest)) return digest;
  throw new TradsysError("GENERATION_DAMAGED", `it points at ${target}, which is no generation`, {
    hint: "Remove it, and name a generation with `tradsys rollback GENERATION`.",
    location: { file: current },
  });
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
  const location = { file: rootPaths(root).generation(digest) };
  if ((await files.kind(location.file)) === "missing") {
    throw new TradsysError("GENERATION_MISSING", `there is no generation ${digest}`, {
      hint: "`tradsys status` lists the generations.",
      location,
    });
  }
  const bytes = await files.read(location.file, MAX_GENERATION_BYTES);
  const found = sha256(bytes);
  if (found !== digest) {
    throw new TradsysError(
      "GENERATION_DAMAGED",
      `generation ${digest} was changed: its file hashes to ${found}`,
      {
        hint: "Go back with `tradsys rollback`; or remove `current`, and plan and apply the deployment again.",
        location,
      },
    );
  }
  const generation = parseJson(bytes.toString()) as Partial<Generation> | null | undefined;
  if (generation?.apiVersion !== GENERATION_API_VERSION) {
    throw new TradsysError(
      "API_VERSION_UNKNOWN",
      `generation ${digest} has the format ${String(generation?.apiVersion)}`,
      {
        hint: `This version of tradsys reads ${GENERATION_API_VERSION}; use the version that wrote it.`,
        location,
      },
    );
  }
  return generation as Generation;
}
