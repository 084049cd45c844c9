import { Script } from "node:vm";

import { CODE_FILE, FUNCTION_HEAD } from "../../domain/bundle.ts";
import { TradsysError, messageOf } from "../../domain/errors.ts";
import { labelOf } from "../../domain/ids.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { PluginDefinition } from "../../plugin/define.ts";
import { pluginRequire, type HostModules } from "./plugin-require.ts";
import { nodeTimers, type Timers } from "./plugin-timers.ts";

type FunctionWrapper = (
  ...timers: [Timers["setTimeout"], Timers["setInterval"], Timers["setImmediate"]]
) => (exports: object, require: (specifier: string) => unknown, module: { exports: unknown }) => void;

/** What a plugin's code is given besides the language. */
export interface Given {
  readonly hostModules?: HostModules;
  /** By default Node's own, for code that goes with its thread. */
  readonly timers?: Timers;
}

interface PluginSource {
  readonly manifest: Manifest;
  /** Its verified code, as one function: text put together here would be copied once more by V8, as long as it is. */
  readonly code: Buffer;
  /** What V8 compiled of exactly this code before, authenticated: V8 itself checks next to nothing. */
  readonly compiled?: Buffer | undefined;
}

/**
 * Compiles a plugin's code, without running any of it. `cachedDataRejected` of the script tells whether V8 could
 * not use what was compiled before.
 *
 * @throws {TradsysError} `LOAD_FAILED` with the syntax error as the cause.
 */
export function compile({ manifest, code, compiled }: PluginSource): Script {
  return loading(manifest, () => {
    // Without a callback for it, `import()` throws: nothing is loaded but through the plugin's own `require`.
    return new Script(code.toString("utf8"), {
      filename: fileOf(manifest),
      // Errors name the column that a source map knows.
      columnOffset: -FUNCTION_HEAD.length,
      ...(compiled && { cachedData: compiled }),
    });
  });
}

/**
 * Runs a plugin's compiled code and returns what it exports by default.
 *
 * This is no sandbox. The code runs in the host's realm and process: `require` keeps it from built-ins that it
 * never declared, but `process.getBuiltinModule`, `fetch`, `process.exit` and every shared prototype stay within
 * its reach, and an endless loop stops the host. What may do that needs `isolation: worker` or `process`.
 *
 * @throws {TradsysError} `LOAD_FAILED` with the plugin's own error as the cause.
 */
export function evaluate(script: Script, manifest: Manifest, given: Given = {}): PluginDefinition {
  const { hostModules = {}, timers = nodeTimers } = given;
  const exports = {};
  const module: { exports: unknown } = { exports };
  loading(manifest, () => {
    const wrapper = script.runInThisContext() as FunctionWrapper;
    const run = wrapper(timers.setTimeout, timers.setInterval, timers.setImmediate);
    run.call(exports, exports, pluginRequire(manifest, { hostModules, timers }), module);
  });
  const { exports: exported } = module;
  if (isObject(exported) && "default" in exported && isDefinition(exported.default)) return exported.default;
  throw new TradsysError("LOAD_FAILED", `${labelOf(manifest)} does not export a plugin`, {
    hint: "The entry file ends in `export default definePlugin({ activate(context) { … } })`.",
  });
}

function loading<T>(manifest: Manifest, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const message = `${labelOf(manifest)} failed while its code was loaded: ${messageOf(cause)}`;
    throw new TradsysError("LOAD_FAILED", message, { cause, location: { file: fileOf(manifest) } });
  }
}

const fileOf = (manifest: Manifest): string => `${labelOf(manifest)}/${CODE_FILE}`;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const isDefinition = (value: unknown): value is PluginDefinition =>
  isObject(value) && "activate" in value && typeof value.activate === "function";
