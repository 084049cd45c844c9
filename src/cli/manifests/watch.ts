import { watch, type FSWatcher } from "node:fs";
import { setTimeout } from "node:timers/promises";

import { hasErrno, TradsysError } from "../../domain/errors.ts";

/** Milliseconds in which several writes count as one change: editors save in steps. */
const SETTLING_MS = 50;

interface Watch extends Disposable {
  /** Resolves once something has changed since the watch began, or to false when it is to end. */
  changed(signal: AbortSignal): Promise<boolean>;
}

/** Watches folders, not what is below them; one that is gone is left out. @throws {TradsysError} `FILE_UNREADABLE` */
export function watchFolders(folders: readonly string[]): Watch {
  const change = Promise.withResolvers<true>();
  const onChange = (): void => change.resolve(true);
  const watchers = folders.flatMap((folder): FSWatcher[] => {
    try {
      return [watch(folder, onChange).on("error", onChange)];
    } catch (cause) {
      if (hasErrno(cause, "ENOENT")) return [];
      throw new TradsysError("FILE_UNREADABLE", "this folder cannot be watched for changes", {
        cause,
        hint: "Name fewer folders: the system limits how many are watched at once.",
        location: { file: folder },
      });
    }
  });
  return {
    async changed(signal) {
      const end = Promise.withResolvers<false>();
      const onAbort = (): void => end.resolve(false);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      try {
        if (!(await Promise.race([change.promise, end.promise]))) return false;
        await setTimeout(SETTLING_MS);
        return !signal.aborted;
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
    [Symbol.dispose]() {
      for (const watcher of watchers) watcher.close();
    },
  };
}
