import { resolve } from "node:path";

import { makeReadyForNextStart } from "../../runtime/loading/upkeep.ts";
import { preload } from "../../runtime/preload.ts";
import type { Preloaded, Runtime } from "../../runtime/runtime.ts";
import { startRuntime } from "../../runtime/start-runtime.ts";
import { defineCommand, type Io } from "../command.ts";
import { milliseconds, plural, reviewable, short, size } from "../documents.ts";
import { ROOT_OPTION, rootOf } from "../options.ts";
import { SECRETS_OPTION, secretsOf } from "../secrets.ts";
import { pageOf } from "../start-report/page.ts";
import { summarize } from "../start-report/summary.ts";
import { traceOf } from "../start-report/trace.ts";

/** The documents that a trial start can be written as. */
const DOCUMENTS = {
  report: (runtime: Runtime) => reviewable(summarize(runtime)),
  trace: ({ report }: Runtime) => traceOf(report),
  timeline: (runtime: Runtime) => pageOf(runtime),
} as const;

export const preloadCommand = defineCommand({
  usage: "",
  example: "tradsys preload --root /srv/tradsys --compile",
  options: {
    ...ROOT_OPTION,
    compile: {
      type: "boolean",
      description: "Also compile each plugin, in a process of its own, so that the next start is fast",
    },
    report: {
      type: "string",
      value: "FILE",
      description: "Start everything once, stop it again, and write how long each part took, as JSON",
    },
    trace: {
      type: "string",
      value: "FILE",
      description: "The same, for Chrome's and Perfetto's trace viewers",
    },
    timeline: { type: "string", value: "FILE", description: "The same, as a page to look at" },
    ...SECRETS_OPTION,
  },
  positionals: [0, 0],

  async run({ flags }, io) {
    const root = rootOf(io, flags);
    const began = performance.now();
    const preloaded = await preload({ root, files: io.files, now: io.now });
    const { digest, plugins, warnings } = preloaded;
    const ms = performance.now() - began;
    const rows = plugins.map(({ name, version, content, bundle }) => ({
      name,
      version,
      content,
      bytes: Object.values(bundle.manifest.files).reduce((sum, file) => sum + file.size, 0),
    }));
    const compiled = flags.compile === true ? await compileAll(preloaded, root, io) : undefined;
    const started = await trialStart(flags, root, io);
    return {
      data: {
        generation: digest,
        verifyMs: ms,
        plugins: rows,
        ...(compiled !== undefined && { compiled }),
        ...(started && { start: started.summary, written: started.written }),
      },
      lines: [
        ...rows.map(
          (row) => `verified  ${row.name}@${row.version}  ${short(row.content)}  ${size(row.bytes)}`,
        ),
        `generation ${short(digest)}: ${plural(rows.length, "plugin")} verified in ${milliseconds(ms)}`,
        ...(compiled === undefined ? [] : [`compiled  ${plural(compiled, "plugin")} for the next start`]),
        ...(started
          ? [
              `started   ${plural(started.summary.plugins.length, "plugin")} in ${milliseconds(started.summary.readyMs)}, and stopped again`,
            ]
          : []),
        ...(started?.written.map((file) => `wrote     ${file}`) ?? []),
      ],
      diagnostics: warnings,
    };
  },
});

/** Makes the pack and the compiled code that are missing. Returns the number of plugins that were compiled. */
async function compileAll({ digest, plugins }: Preloaded, root: string, io: Io): Promise<number> {
  io.progress(`compiling ${plural(plugins.length, "plugin")}`);
  const { files, signal } = io;
  return makeReadyForNextStart({ files, root, digest, plugins, needsPack: true, stale: [], signal });
}

/** Starts what is active as `tradsys run` would, writes down how it went, and stops it. */
async function trialStart(
  flags: { readonly [Name in keyof typeof DOCUMENTS]?: string | undefined } & {
    readonly secrets?: string | undefined;
  },
  root: string,
  io: Io,
) {
  const wanted = Object.entries(DOCUMENTS).flatMap(([name, write]) => {
    const file = flags[name as keyof typeof DOCUMENTS];
    return file === undefined ? [] : [{ file, write }];
  });
  if (wanted.length === 0) return undefined;
  io.progress("starting everything once");
  const { files, now, signal } = io;
  const runtime = await startRuntime({ root, files, now, signal, secret: await secretsOf(io, flags) });
  try {
    await runtime.background;
    for (const { file, write } of wanted) await files.write(resolve(io.cwd, file), write(runtime));
    return { summary: summarize(runtime), written: wanted.map(({ file }) => file) };
  } finally {
    await runtime.stop();
  }
}
