/** Builds the plugin in a folder and prints the content digests of the bundle and of its debug artifact. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";

import { openBuild } from "../../src/build/build-plugin.ts";
import { stopCompiler } from "../../src/build/compile.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { parsePlugin } from "../../src/manifest/parse.ts";
import { nodeFiles } from "../../src/platform/files.ts";

const folder = resolve(process.argv[2] ?? "");
const parsed = parsePlugin(await readFile(join(folder, "plugin.yaml"), "utf8"), "plugin.yaml");
if (!parsed.ok) throw new Error("the manifest is invalid");
await using build = await openBuild(parsed.value.value, folder, { files: nodeFiles, debug: true });
const { content, debug } = await build.build();
process.stdout.write(`${content} ${sha256(gunzipSync(debug?.bytes ?? ""))}\n`);
await stopCompiler();
