import { preload } from "../../runtime/start-runtime.ts";
import { defineCommand } from "../command.ts";
import { milliseconds, plural, short, size } from "../documents.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";

export const preloadCommand = defineCommand({
  usage: "",
  example: "tradsys preload --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [0, 0],

  async run({ flags }, io) {
    const began = performance.now();
    const { digest, plugins, warnings } = await preload({
      root: rootOf(io, flags),
      files: io.files,
      now: io.now,
    });
    const ms = performance.now() - began;
    const bytes = plugins.map(({ bundle }) =>
      Object.values(bundle.manifest.files).reduce((sum, file) => sum + file.size, 0),
    );
    const rows = plugins.map(({ name, version, content }, i) => ({
      name,
      version,
      content,
      bytes: bytes[i] ?? 0,
    }));
    return {
      data: { generation: digest, verifyMs: ms, plugins: rows },
      lines: [
        ...rows.map(
          (row) => `verified  ${row.name}@${row.version}  ${short(row.content)}  ${size(row.bytes)}`,
        ),
        `generation ${short(digest)}: ${plural(rows.length, "plugin")} verified in ${milliseconds(ms)}`,
      ],
      diagnostics: warnings,
    };
  },
});
