import { compile, evaluate } from "../runtime/loading/evaluate.ts";
import type { VerifiedPlugin } from "../store/verified-plugin.ts";

/**
 * Loads the code of plugins that did not run here before, and activates none of it: what does not even load is found
 * before anything is changed. What must not run in the host's own process, or needs packages of the host, is left out.
 *
 * @throws {TradsysError} `LOAD_FAILED`
 */
export async function smokeLoad(plugins: readonly VerifiedPlugin[]): Promise<void> {
  for (const plugin of plugins) {
    const { manifest } = plugin.bundle;
    if (manifest.isolation !== "inline" || manifest.hostProvided.length > 0) continue;
    evaluate(compile({ manifest, code: plugin.code() }), manifest);
  }
}
