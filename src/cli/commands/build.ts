import { dirname, join, resolve } from "node:path";

import { buildPlugin } from "../../build/build-plugin.ts";
import { failWith } from "../../domain/errors.ts";
import { settleAll } from "../../domain/settle.ts";
import { checkPluginConfig, parsePlugin } from "../../manifest/parse.ts";
import { defineCommand } from "../command.ts";
import { manifestPath, milliseconds, plural, readDocument, short, size } from "../documents.ts";
import { shownPath } from "../render.ts";

export const buildCommand = defineCommand({
  usage: "<plugin folder>...",
  example: "tradsys build plugins/limit-position --out bundles",
  options: {
    out: {
      type: "string",
      value: "DIR",
      description: "Where bundles go (default: dist in the plugin's folder)",
    },
  },
  positionals: [1, Infinity],

  async run({ flags, args }, io) {
    const built = await settleAll(
      args.map(async (path) => {
        const file = await manifestPath(io, path);
        const folder = dirname(file);
        const parsed = await readDocument(io, file, parsePlugin);
        const findings = await checkPluginConfig(parsed);
        if (findings.length > 0) throw failWith(findings);
        const { value: manifest, warnings } = parsed;
        io.progress(`building ${manifest.name}@${manifest.version}`);
        const began = performance.now();
        const bundle = await buildPlugin(manifest, folder, io.files);
        const target = join(
          flags.out === undefined ? join(folder, "dist") : resolve(io.cwd, flags.out),
          bundle.fileName,
        );
        return { bundle, target, ms: performance.now() - began, warnings: [...warnings, ...bundle.warnings] };
      }),
    );
    // Written only once all of them could be built.
    for (const { target, bundle } of built) await io.files.write(target, bundle.bytes);
    return {
      data: built.map(({ bundle: { manifest, content, blob, bytes, packages }, target }) => ({
        name: manifest.name,
        version: manifest.version,
        path: target,
        content,
        blob,
        size: bytes.length,
        packages,
      })),
      lines: built.map(
        ({ bundle: { manifest, content, bytes, packages }, target, ms }) =>
          `${manifest.name}@${manifest.version} → ${shownPath(target, io.cwd)}\n` +
          `  ${size(bytes.length)}, ${plural(packages.length, "package")}, content ${short(content)}, ${milliseconds(ms)}`,
      ),
      diagnostics: built.flatMap(({ warnings }) => warnings),
    };
  },
});
