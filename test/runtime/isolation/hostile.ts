import type { IsolationLevel } from "../../../src/runtime/index.ts";

/**
 * How it ends. `contained`: nobody but its callers notices, and these are told with a code.
 * `host ends`, `host hangs`: the whole process. `neighbour harmed`: another plugin no longer works as it should.
 * `not stopped`: it gets what its manifest does not grant, or all that it asks for.
 */
export type Fate = "contained" | "host ends" | "host hangs" | "neighbour harmed" | "not stopped";

/** A plugin that does harm when its port's `act` is called. */
export interface Hostile {
  /** As it stands in the documentation. */
  readonly does: string;
  /** Body of `act`. Returning a value means that it got away with it; `file` is a path to write to. */
  readonly act: string;
  readonly builtins?: readonly string[];
  readonly fate: Readonly<Record<IsolationLevel, Fate>>;
  /** The code that its caller is told, where it is contained. */
  readonly told: RegExp;
}

const everywhere = { inline: "contained", worker: "contained", process: "contained" } as const;
const isolatedFrom = (inline: Fate) => ({ ...everywhere, inline });

/** Not by `require`, which asks the manifest, but as code does that means harm. */
const builtin = (name: string): string => `process.getBuiltinModule("node:${name}")`;

export const HOSTILE: readonly Hostile[] = [
  {
    does: "throws",
    act: `throw Object.assign(new Error("no"), { code: "UNSUPPORTED" });`,
    fate: everywhere,
    told: /^UNSUPPORTED$/,
  },
  { does: "never answers", act: `return new Promise(() => {});`, fate: everywhere, told: /^TIMEOUT$/ },
  {
    does: "loops for ever",
    act: `for (;;);`,
    fate: isolatedFrom("host hangs"),
    told: /^PLUGIN_TIMEOUT$/,
  },
  {
    does: "fills its heap with a map",
    act: `const map = new Map(); for (let i = 0; ; i++) map.set(i, i);`,
    fate: isolatedFrom("host ends"),
    // Near its limit the engine may do nothing but collect garbage.
    told: /^PLUGIN_(?:CRASHED|TIMEOUT)$/,
  },
  {
    does: "fills its heap with an array",
    act: `const list = []; for (;;) list.push([0]);`,
    fate: isolatedFrom("host ends"),
    // Near its limit the engine may do nothing but collect garbage.
    told: /^PLUGIN_(?:CRASHED|TIMEOUT)$/,
  },
  {
    does: "takes 384 MiB of buffers, with 16 MiB declared",
    act: `const taken = [];
      for (let i = 0; i < 24; i++) { taken.push(Buffer.alloc(2 ** 24, 1)); await new Promise(setImmediate); }
      return taken.length;`,
    fate: isolatedFrom("not stopped"),
    told: /^PLUGIN_CRASHED$/,
  },
  {
    does: "leaves a rejection unhandled",
    act: `void Promise.reject(new Error("nobody cares")); return new Promise(() => {});`,
    fate: isolatedFrom("host ends"),
    told: /^PLUGIN_CRASHED$/,
  },
  {
    does: "throws in a timer",
    act: `setTimeout(() => { throw new Error("later"); }); return new Promise(() => {});`,
    fate: isolatedFrom("host ends"),
    told: /^PLUGIN_CRASHED$/,
  },
  {
    does: "ends the process",
    act: `process.exit(3);`,
    fate: isolatedFrom("host ends"),
    told: /^PLUGIN_CRASHED$/,
  },
  {
    does: "kills the host by its process id",
    act: `const { pid, ppid } = process; process.kill(globalThis.hostPid ?? (${builtin("worker_threads")} ? pid : ppid), "SIGKILL");`,
    fate: isolatedFrom("host ends"),
    told: /^REQUIRE_DENIED$/,
  },
  {
    does: "leaves a timer and a listener behind when it is stopped",
    act: `setInterval(() => {}, 10); process.on("message", () => {}); throw Object.assign(new Error("left"), { code: "UNSUPPORTED" });`,
    fate: everywhere,
    told: /^UNSUPPORTED$/,
  },
  {
    does: "leaves a timer behind that it took from the global object",
    act: `globalThis.setInterval(() => {}, 10); throw Object.assign(new Error("left"), { code: "UNSUPPORTED" });`,
    fate: isolatedFrom("host hangs"),
    told: /^UNSUPPORTED$/,
  },
  {
    does: "pollutes a prototype that all share",
    act: `Object.prototype.polluted = 1; throw Object.assign(new Error("done"), { code: "UNSUPPORTED" });`,
    fate: isolatedFrom("neighbour harmed"),
    told: /^UNSUPPORTED$/,
  },
  {
    does: "writes a file that it was not granted",
    act: `${builtin("fs")}.writeFileSync(file, "written"); return true;`,
    fate: isolatedFrom("not stopped"),
    told: /^BAD_RESPONSE$/,
  },
  {
    does: "writes a file with `node:fs` granted but not the file",
    builtins: ["fs"],
    act: `${builtin("fs")}.writeFileSync(file, "written"); return true;`,
    fate: isolatedFrom("not stopped"),
    told: /^ERR_ACCESS_DENIED$/,
  },
  {
    does: "starts a worker that has no restrictions",
    builtins: ["worker_threads"],
    act: `const { Worker } = ${builtin("worker_threads")};
      const worker = new Worker("require('fs').writeFileSync(" + JSON.stringify(file) + ", 'written')", { eval: true, execArgv: [] });
      await new Promise((resolve) => worker.on("exit", resolve)); return true;`,
    fate: isolatedFrom("not stopped"),
    told: /^ERR_ACCESS_DENIED$/,
  },
  {
    does: "starts a process",
    builtins: ["child_process"],
    act: `${builtin("child_process")}.execFileSync(process.execPath, ["-e", "require('fs').writeFileSync(process.argv[1], 'written')", file]); return true;`,
    fate: isolatedFrom("not stopped"),
    told: /^ERR_ACCESS_DENIED$/,
  },
  {
    does: "writes a file through `node:sqlite`, which no permission of Node covers",
    act: `new (${builtin("sqlite")}.DatabaseSync)(file).exec("create table t (x)"); return true;`,
    fate: isolatedFrom("not stopped"),
    told: /^BAD_RESPONSE$/,
  },
  {
    does: "reads the host's environment",
    act: `if (process.env.HOST_TOKEN === undefined) throw Object.assign(new Error("none"), { code: "UNSUPPORTED" }); return true;`,
    fate: isolatedFrom("not stopped"),
    told: /^UNSUPPORTED$/,
  },
  {
    does: "crashes natively",
    builtins: ["v8"],
    act: `${builtin("v8")}.setFlagsFromString("--allow-natives-syntax"); new Function("%SystemBreak()")();`,
    fate: { inline: "host ends", worker: "host ends", process: "contained" },
    told: /^PLUGIN_CRASHED$/,
  },
];
