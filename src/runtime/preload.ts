import { TradsysError } from "../domain/errors.ts";
import { nodeFiles, type Files } from "../platform/files.ts";
import { readCurrent, type ActiveGeneration } from "../store/generations.ts";
import { levelFor } from "./place-plugin.ts";
import type { Preloaded, PreloadOptions } from "./runtime.ts";

/**
 * Reads the current generation and verifies every bundle, without running any of its code.
 *
 * @throws {TradsysError} `NOTHING_ACTIVE`, or one error with a diagnostic for each bundle that does not pass.
 */
export async function preload({
  root,
  files = nodeFiles,
  now = () => new Date(),
}: PreloadOptions): Promise<Preloaded> {
  const active = await readActive(files, root);
  const { verifyGeneration } = await import("../store/verified-plugin.ts");
  const plugins = await verifyGeneration(active.generation, { files, root, now: now() });
  for (const plugin of plugins) levelFor(plugin, "inline");
  return { ...active, plugins, warnings: plugins.flatMap(({ warnings }) => warnings) };
}

/** @throws {TradsysError} `NOTHING_ACTIVE` */
export async function readActive(files: Files, root: string): Promise<ActiveGeneration> {
  const active = await readCurrent(files, root);
  if (active) return active;
  throw new TradsysError("NOTHING_ACTIVE", `nothing was activated in ${root} yet`, {
    hint: "Run `tradsys plan` and `tradsys apply` first, or name another folder with --root.",
  });
}
