import { Script } from "node:vm";

import { CODE_FILE, type OpenBundle } from "../../domain/bundle.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { PluginDefinition } from "../../plugin/define.ts";
import { pluginRequire, type HostModules } from "./plugin-require.ts";

type FunctionWrapper = (
  exports: object,
  require: (specifier: string) => unknown,
  module: { exports: unknown },
) => void;

const HEAD = "(function (exports, require, module) {";

/**
 * Runs a plugin's code from its verified bytes and returns what it exports by default.
 *
 * This is no sandbox. The code runs in the host's realm and process: `require` keeps it from built-ins that it
 * never declared, but `process.getBuiltinModule`, `fetch`, `process.exit` and every shared prototype stay within
 * its reach, and an endless loop stops the host. What may do that needs `isolation: worker` or `process`.
 *
 * @throws {TradsysError} `LOAD_FAILED` with the plugin's own error as the cause.
 */
export function evaluate({ manifest, files }: OpenBundle, hostModules: HostModules): PluginDefinition {
  const label = `${manifest.name}@${manifest.version}`;
  const code = files.get(CODE_FILE)?.toString("utf8");
  if (code === undefined) throw new TradsysError("LOAD_FAILED", `${label} has no ${CODE_FILE}`);
  const exports = {};
  const module: { exports: unknown } = { exports };
  try {
    // Without a callback for it, `import()` throws: nothing is loaded but through the plugin's own `require`.
    const script = new Script(`${HEAD}${code}\n})`, {
      filename: `${label}/${CODE_FILE}`,
      // Errors name the column that a source map knows.
      columnOffset: -HEAD.length,
    });
    const wrapper = script.runInThisContext() as FunctionWrapper;
    wrapper.call(exports, exports, pluginRequire(manifest, hostModules), module);
  } catch (cause) {
    throw new TradsysError("LOAD_FAILED", `${label} failed while its code was loaded: ${messageOf(cause)}`, {
      cause,
      location: { file: `${label}/${CODE_FILE}` },
    });
  }
  const { exports: exported } = module;
  if (isObject(exported) && "default" in exported && isDefinition(exported.default)) return exported.default;
  throw new TradsysError("LOAD_FAILED", `${label} does not export a plugin`, {
    hint: "The entry file ends in `export default definePlugin({ activate(context) { … } })`.",
  });
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const isDefinition = (value: unknown): value is PluginDefinition =>
  isObject(value) && "activate" in value && typeof value.activate === "function";

export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
