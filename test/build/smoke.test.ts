import { describe, expect, it } from "vitest";

import { buildPlugin } from "../../src/build/build-plugin.ts";
import { sourceLocator } from "../../src/build/locate.ts";
import { startSmoke } from "../../src/build/smoke.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { folderWith, manifestWith } from "./plugin-folder.ts";

/** What loading a plugin of these statements is found guilty of. */
async function findingsOf(
  statements: string,
  { manifest: more = {}, limitMs }: { readonly manifest?: object; readonly limitMs?: number } = {},
) {
  await using folder = await folderWith({
    "src/index.ts": `${statements}\nexport default { activate: () => ({ main: {} }) };\n`,
  });
  const manifest = manifestWith(more);
  const { bytes } = await buildPlugin(manifest, folder.path, nodeFiles);
  using smoke = await startSmoke(limitMs);
  const findings = await smoke.load({
    bytes,
    manifest,
    folder: folder.path,
    locator: () => sourceLocator(manifest, folder.path, nodeFiles),
  });
  return findings.map(({ code, message, location }) => ({ code, message, line: location?.start?.line }));
}

describe("threat 30: what a plugin does when it is loaded", () => {
  it("passes a plugin that only defines itself", async () => {
    expect(await findingsOf("globalThis.ownName = 1; console.log('hello');")).toEqual([]);
  });

  it("points at the source line that throws", async () => {
    expect(await findingsOf("\n\nconst limit = undefined;\nlimit.of();")).toMatchObject([
      { code: "LOAD_FAILED", line: 4, message: expect.stringContaining("undefined") as string },
    ]);
  });

  it("ends an endless loop", async () => {
    expect(await findingsOf("for (;;) {}", { limitMs: 1000 })).toMatchObject([
      { code: "IMPORT_TIMEOUT", message: "the bundle is not loaded after 1 s" },
    ]);
  });

  it("sees a process that is ended, whatever it says", async () => {
    expect(await findingsOf("process.exit(0);")).toMatchObject([
      { code: "IMPORT_EXITED", message: "loading the bundle ends the process with status 0" },
    ]);
    expect(await findingsOf("process.reallyExit(3);")).toMatchObject([
      { message: "loading the bundle ends the process with status 3" },
    ]);
  });

  it.each([
    'fetch("http://127.0.0.1:65001/");',
    'fetch("http://localhost:65001/").catch(() => {});',
    'import { connect } from "node:net";\ntry { connect(9, "127.0.0.1"); } catch {}',
    'import { createServer } from "node:http";\ncreateServer().listen(0);',
    'import { createSocket } from "node:dgram";\ntry { createSocket("udp4").send("x", 9, "127.0.0.1"); } catch {}',
    'new WebSocket("ws://127.0.0.1:65001/");',
  ])("lets nothing out to the network: %s", async (statements) => {
    const [first] = await findingsOf(statements, { manifest: { permissions: { net: ["127.0.0.1"] } } });
    expect(first?.code).toBe("IMPORT_CONNECTS");
  });

  it.each([
    ["Array.prototype.last = function () { return this.at(-1); };", "Array.prototype.last"],
    ["JSON.parse = () => 1;", "JSON.parse"],
    ["delete String.prototype.trimEnd;", "String.prototype.trimEnd"],
    ["globalThis.Promise = class {};", "Promise"],
  ])("sees what it changes for all others: %s", async (statements, member) => {
    const [first] = await findingsOf(`// @ts-nocheck\n${statements}`);
    expect(first).toMatchObject({
      code: "IMPORT_PATCHES",
      message: expect.stringContaining(member) as string,
    });
  });

  it("reads no file and starts no process, whatever the manifest grants", async () => {
    const permissions = { fs: ["/"], builtins: ["child_process"] };
    const read = 'import { readFileSync } from "node:fs";\nreadFileSync("/etc/hostname");';
    const start = 'import { execFileSync } from "node:child_process";\nexecFileSync("true");';
    for (const statements of [read, start]) {
      expect(await findingsOf(statements, { manifest: { permissions } })).toMatchObject([
        {
          code: "LOAD_FAILED",
          message: expect.stringContaining("Access to this API has been restricted") as string,
        },
      ]);
    }
  });

  it("has no variable of the environment", async () => {
    expect(await findingsOf("if (Object.keys(process.env).length > 0) throw new Error('seen');")).toEqual([]);
  });

  it("refuses a bundle that exports no plugin", async () => {
    await using folder = await folderWith({ "src/index.ts": "export const plugin = 1;\n" });
    const manifest = manifestWith();
    const { bytes } = await buildPlugin(manifest, folder.path, nodeFiles);
    using smoke = await startSmoke();
    const locator = () => sourceLocator(manifest, folder.path, nodeFiles);
    expect(await smoke.load({ bytes, manifest, folder: folder.path, locator })).toMatchObject([
      { code: "LOAD_FAILED", message: expect.stringContaining("does not export a plugin") as string },
    ]);
  });

  it("stands in for what only the host has", async () => {
    const statements =
      'import { Pool, createBus } from "host-lib";\nclass Own extends Pool {}\nnew Own();\ncreateBus({ size: 1 }).subscribe("x");';
    expect(await findingsOf(statements, { manifest: { hostProvided: ["host-lib"] } })).toEqual([]);
  });
});
