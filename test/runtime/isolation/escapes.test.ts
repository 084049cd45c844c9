import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../../support/root.ts";
import { ISOLATED, start, withPort } from "./levels.ts";

/** Ways out of an isolate that are known, and what they meet. `granted` is named in `permissions.builtins`. */
const ESCAPES: readonly { readonly way: string; readonly granted?: string; readonly meets: RegExp }[] = [
  { way: `process.binding("fs")`, meets: /^REQUIRE_DENIED$/ },
  { way: `process._linkedBinding("fs")`, meets: /^REQUIRE_DENIED$/ },
  { way: `process.kill(process.pid, 0)`, meets: /^REQUIRE_DENIED$/ },
  { way: `process.dlopen({ exports: {} }, "/x.node")`, meets: /^REQUIRE_DENIED$/ },
  { way: `process.execve("/bin/true")`, meets: /^REQUIRE_DENIED$/ },
  { way: `process.report()`, meets: /^REQUIRE_DENIED$/ },
  { way: `process._getActiveHandles()`, meets: /^REQUIRE_DENIED$/ },
  { way: `process.loadEnvFile("/etc/passwd")`, meets: /^ERR_ACCESS_DENIED$/ },
  { way: `delete process.kill`, meets: /^TypeError$/ },
  { way: `process.kill = () => {}`, meets: /^TypeError$/ },
  { way: `process.getBuiltinModule("node:module").registerHooks`, meets: /^TypeError$/ },
  { way: `process.getBuiltinModule("v8").setFlagsFromString`, meets: /^TypeError$/ },
  { way: `process.getBuiltinModule("node:vm").Script`, meets: /^TypeError$/ },
  { way: `require("node:sqlite")`, meets: /^REQUIRE_DENIED$/ },
  { way: `import("node:fs")`, meets: /^ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING$/ },
  { way: `new Function("return import('node:fs')")()`, meets: /^ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING$/ },
  { way: `(0, eval)("import('node:fs')")`, meets: /^ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING$/ },
  { way: `fetch("http://127.0.0.1:9")`, meets: /^TypeError$/ },
  { way: `new WebSocket("ws://127.0.0.1:9")`, meets: /^TypeError$/ },
  { way: `require("node:fs").readFileSync("/etc/passwd")`, granted: "fs", meets: /^ERR_ACCESS_DENIED$/ },
  { way: `require("inspector").open(0)`, granted: "inspector", meets: /^ERR_ACCESS_DENIED$/ },
  {
    way: `new (require("worker_threads").Worker)("1", { eval: true, execArgv: [] })`,
    granted: "worker_threads",
    meets: /^ERR_ACCESS_DENIED$/,
  },
  {
    way: `require("child_process").spawnSync("true")`,
    granted: "child_process",
    meets: /^ERR_ACCESS_DENIED$/,
  },
];

describe.each(ISOLATED)("an isolate that is a %s", (level) => {
  it("lets nobody out", async () => {
    const builtins = ESCAPES.flatMap(({ granted }) => granted ?? []);
    const methods = ESCAPES.map(({ way }, i) => `async way${i}() { "use strict"; return await (${way}); }`);
    const { ask } = await start([
      {
        name: "prisoner",
        level,
        manifest: { permissions: { net: [], secrets: [], fs: [], env: [], builtins } },
        code: withPort(methods.join()),
      },
    ]);
    for (const [i, { way, meets }] of ESCAPES.entries()) {
      const met = await ask("prisoner", `way${i}`).then(
        () => "got out",
        (error: Error & { code?: string }) => error.code ?? error.name,
      );
      expect([way, met]).toEqual([way, expect.stringMatching(meets)]);
    }
  });

  it("has of the environment what the manifest names, and the secrets by name only", async () => {
    const { ask } = await start(
      [
        {
          name: "reader",
          level,
          manifest: { permissions: { net: [], secrets: ["key"], fs: [], env: ["REGION"], builtins: [] } },
          code: withPort(`async env() { return { ...process.env }; }, async key() { return context.secret("key"); },
            async other() { return context.secret("other"); },`),
        },
      ],
      { env: (name) => `value of ${name}`, secret: (name) => `secret ${name}` },
    );
    expect(await ask("reader", "env")).toEqual({ REGION: "value of REGION" });
    expect(await ask("reader", "key")).toBe("secret key");
    await expect(ask("reader", "other")).rejects.toMatchObject({ code: "SECRET_MISSING" });
  });

  it("reads and writes the folders that the manifest grants", async () => {
    const folder = await temporaryFolder();
    const { ask } = await start([
      {
        name: "writer",
        level,
        manifest: { permissions: { net: [], secrets: [], fs: [folder], env: [], builtins: [] } },
        code: withPort(`async write(path) {
          const fs = require("node:fs"); fs.writeFileSync(path, "x"); return fs.readFileSync(path, "utf8"); },`),
      },
    ]);
    expect(await ask("writer", "write", `${folder}/a`)).toBe("x");
    await expect(ask("writer", "write", `${folder}-other`)).rejects.toMatchObject({
      code: "ERR_ACCESS_DENIED",
    });
  });
});
