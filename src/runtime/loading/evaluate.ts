import { Script } from "node:vm";

import { CODE_FILE } from "../../domain/bundle.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { PluginDefinition } from "../../plugin/define.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import { pluginRequire, type HostModules } from "./plugin-require.ts";

type FunctionWrapper = (
  exports: object,
  require: (specifier: string) => unknown,
  module: { exports: object },
) => void;

/**
 * Runs a plugin's code from its verified bytes and returns what it exports by default.
 *
 * @throws {TradsysError} `LOAD_FAILED` with the plugin's own error as the cause.
 */
export function evaluate(plugin: VerifiedPlugin, hostModules: HostModules): PluginDefinition {
  const label = `${plugin.name}@${plugin.version}`;
  const code = plugin.bundle.files.get(CODE_FILE)?.toString("utf8");
  if (code === undefined) throw new TradsysError("LOAD_FAILED", `${label} has no ${CODE_FILE}`);
  const module = { exports: {} };
  try {
    // No dynamic import is given, so that code reaches nothing but its own `require`.
    const script = new Script(`(function (exports, require, module) {${code}\n})`, {
      filename: `${label}/${CODE_FILE}`,
    });
    const wrapper = script.runInThisContext() as FunctionWrapper;
    wrapper.call(module.exports, module.exports, pluginRequire(plugin.bundle.manifest, hostModules), module);
  } catch (cause) {
    throw new TradsysError("LOAD_FAILED", `${label} failed while its code was loaded: ${messageOf(cause)}`, {
      cause,
      location: { file: `${label}/${CODE_FILE}` },
    });
  }
  const definition: unknown = "default" in module.exports ? module.exports.default : undefined;
  if (isDefinition(definition)) return definition;
  throw new TradsysError("LOAD_FAILED", `${label} does not export a plugin`, {
    hint: "The entry file ends in `export default definePlugin({ activate(context) { … } })`.",
  });
}

const isDefinition = (value: unknown): value is PluginDefinition =>
  typeof value === "object" && value !== null && "activate" in value && typeof value.activate === "function";

export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
