import { nodeFiles } from "../../src/platform/files.ts";
import { makeReadyForNextStart } from "../../src/runtime/loading/upkeep.ts";
import type { Preloaded } from "../../src/runtime/runtime.ts";

/**
 * Compiles what is active in a root, as a process does that has been running for a while.
 *
 * @returns How many plugins were compiled.
 */
export const compileAhead = (
  root: string,
  { digest, plugins }: Pick<Preloaded, "digest" | "plugins">,
  needsPack = false,
): Promise<number> =>
  makeReadyForNextStart({
    files: nodeFiles,
    root,
    digest,
    plugins,
    needsPack,
    stale: [],
    signal: new AbortController().signal,
  });
