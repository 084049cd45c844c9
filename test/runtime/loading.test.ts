import { expect, it } from "vitest";

import { asFunction, CODE_FILE, type BundleManifest } from "../../src/domain/bundle.ts";
import type { TradsysError } from "../../src/domain/errors.ts";
import { compile, evaluate } from "../../src/runtime/loading/evaluate.ts";
import type { HostModules } from "../../src/runtime/loading/plugin-require.ts";
import { packed } from "../bundle/sample.ts";

function load(
  code: string,
  manifest: Partial<Omit<BundleManifest, "files">> = {},
  hostModules: HostModules = {},
) {
  const { manifest: packedManifest, files } = packed(manifest, code);
  const script = compile({ manifest: packedManifest, code: asFunction(files.get(CODE_FILE) ?? Buffer.of()) });
  return evaluate(script, packedManifest, { hostModules });
}

/** What an expression is worth inside a plugin. */
const valueOf = (
  expression: string,
  ...rest: [Partial<Omit<BundleManifest, "files">>?, HostModules?]
): unknown => {
  const definition: object = load(
    `module.exports.default = { activate() {}, value: (${expression}) };`,
    ...rest,
  );
  return "value" in definition ? definition.value : undefined;
};

const permissions = { net: [], secrets: [], fs: [], env: [], builtins: [] };

const codeOf = (specifier: string): string =>
  `(() => { try { require(${JSON.stringify(specifier)}); return "given"; } catch (error) { return error.code; } })()`;

it("gives the built-ins that only compute to everyone", () => {
  expect(valueOf(`require("node:path").posix.join("a", "b")`)).toBe("a/b");
  expect(valueOf(codeOf("events"))).toBe("given");
});

it.each([
  ["fs", { fs: ["/srv/data"] }],
  ["node:fs/promises", { fs: ["/srv/data"] }],
  ["node:net", { net: ["api.example.com"] }],
  ["https", { net: ["api.example.com"] }],
  ["node:worker_threads", { builtins: ["worker_threads"] }],
  ["child_process", { builtins: ["node:child_process"] }],
])("gives %s only to a plugin whose permissions grant it", (specifier, granted) => {
  expect(valueOf(codeOf(specifier))).toBe("REQUIRE_DENIED");
  expect(valueOf(codeOf(specifier), { permissions: { ...permissions, ...granted } })).toBe("given");
});

it.each(["module", "node:vm", "process", "inspector", "worker_threads", "node:sqlite"])(
  "never gives %s for a network or file permission",
  (specifier) => {
    const granted = { ...permissions, net: ["api.example.com"], fs: ["/"] };
    expect(valueOf(codeOf(specifier), { permissions: granted })).toBe("REQUIRE_DENIED");
  },
);

it("says which module is denied to whom, and where it would be granted", () => {
  expect(() => load(`require("node:fs");`)).toThrow(
    expect.objectContaining({
      code: "LOAD_FAILED",
      message:
        "@tradsys/risk-core@4.2.0 failed while its code was loaded: @tradsys/risk-core may not use the " +
        "built-in module node:fs: nothing under permissions in its manifest grants it",
    }),
  );
});

it("gives the host's packages to plugins that declare them, and only what the host has", () => {
  const hostModules = { shared: { answer: 42 } };
  expect(valueOf(`require("shared").answer`, { hostProvided: ["shared"] }, hostModules)).toBe(42);
  expect(valueOf(codeOf("shared"), {}, hostModules)).toBe("MODULE_NOT_FOUND");
  expect(valueOf(codeOf("shared"), { hostProvided: ["shared"] })).toBe("MODULE_NOT_FOUND");
  expect(valueOf(codeOf("toString"), { hostProvided: ["toString"] }, hostModules)).toBe("MODULE_NOT_FOUND");
});

it("does not find packages or files, as optional imports expect", () => {
  for (const specifier of ["protobufjs", "vitest", "./plugin.js", "../../package.json", "/etc/passwd"]) {
    expect(valueOf(codeOf(specifier))).toBe("MODULE_NOT_FOUND");
  }
});

it("has no import(), and no module object that leads to the host's require", async () => {
  const imported = valueOf(`import("node:fs")`);
  await expect(imported).rejects.toMatchObject({ code: "ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING" });
  expect(valueOf("module.constructor")).toBe(Object);
  expect(valueOf("Object.keys(module).join()")).toBe("exports");
  expect(valueOf("Object.keys(require).join()")).toBe("");
  expect(valueOf("typeof require.main + typeof require.cache + typeof module.parent")).toBe(
    "undefinedundefinedundefined",
  );
  expect(valueOf("typeof __filename + typeof __dirname")).toBe("undefinedundefined");
});

it("keeps the variables of one plugin from another", () => {
  load("var leaked = 1; module.exports.default = { activate() {} };");
  expect(valueOf("typeof leaked")).toBe("undefined");
});

it("says which plugin fails while it is loaded, in which file, and keeps the plugin's own error", () => {
  const outcome = ((): unknown => {
    try {
      return load(`throw new RangeError("bad constant");`);
    } catch (error) {
      return error;
    }
  })() as TradsysError;
  expect(outcome).toMatchObject({
    code: "LOAD_FAILED",
    message: "@tradsys/risk-core@4.2.0 failed while its code was loaded: bad constant",
    cause: expect.any(RangeError),
    diagnostics: [{ location: { file: "@tradsys/risk-core@4.2.0/dist/plugin.js" } }],
  });
  expect(outcome.cause).toHaveProperty(
    "stack",
    expect.stringContaining("@tradsys/risk-core@4.2.0/dist/plugin.js:1"),
  );
  expect(() => load("this is no code")).toThrow("failed while its code was loaded: Unexpected identifier");
});

it.each([
  "",
  "module.exports = null;",
  "module.exports = 7;",
  "module.exports = () => {};",
  "module.exports.default = {};",
  "module.exports.default = null;",
  "module.exports.default = { activate: true };",
])("refuses a module that exports no plugin: %s", (code) => {
  expect(() => load(code)).toThrow(
    expect.objectContaining({
      code: "LOAD_FAILED",
      message: "@tradsys/risk-core@4.2.0 does not export a plugin",
    }),
  );
});

it("lets code declare the names of timers for itself", () => {
  const code =
    "const setTimeout = 5; class setInterval {} module.exports.default = { activate() {}, value: setTimeout };";
  expect(load(code)).toMatchObject({ value: 5 });
});

it("gives the same timers to code that asks for them by name", () => {
  expect(
    valueOf(`require("node:timers").setInterval === setInterval && require("timers").clearTimeout`),
  ).toBe(clearTimeout);
});
