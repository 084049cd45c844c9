import { openBundle } from "../../bundle/open.ts";
import { failWith } from "../../domain/errors.ts";
import { settleAll } from "../../domain/settle.ts";
import { bundleManifestFindings } from "../../manifest/parse.ts";
import { dayOf } from "../../signing/trust.ts";
import { rootPaths } from "../../store/generations.ts";
import { publish } from "../../store/publish.ts";
import { readBundleFile } from "../bundles.ts";
import { defineCommand } from "../command.ts";
import { plural, short } from "../documents.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";
import { shownPath } from "../render.ts";

export const publishCommand = defineCommand({
  usage: "<bundle>...",
  example: "tradsys publish bundles/*.tar.gz --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [1, Infinity],

  async run({ flags, args }, io) {
    const { store } = rootPaths(rootOf(io, flags));
    const opened = await settleAll(
      args.map(async (arg) => {
        const { path, bytes, envelopes } = await readBundleFile(io, arg);
        const bundle = openBundle(bytes, { file: shownPath(path, io.cwd) });
        const findings = await bundleManifestFindings(bundle.manifest);
        if (findings.length > 0) {
          throw failWith(
            findings.map(({ code, severity, message }) => ({
              code,
              severity,
              message,
              location: { file: path },
            })),
          );
        }
        return { bytes, bundle, envelopes };
      }),
    );
    const published = [];
    const today = dayOf(io.now());
    for (const publication of opened) {
      published.push(await publish(io.files, store, { ...publication, published: today }));
    }
    return {
      data: published.map(({ added, candidate: { manifest, content, blob, envelopes } }) => ({
        name: manifest.name,
        version: manifest.version,
        content,
        blob,
        envelopes,
        added,
      })),
      lines: published.map(
        ({ added, candidate: { manifest, content, envelopes } }) =>
          `${manifest.name}@${manifest.version} ${added ? "published" : "was there already"}: content ${short(content)}, ${plural(envelopes.length, "signature")}`,
      ),
    };
  },
});
