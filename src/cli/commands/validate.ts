import { resolve } from "node:path";

import { CODES } from "../../domain/codes.ts";
import type { Diagnostic } from "../../domain/diagnostic.ts";
import { TradsysError } from "../../domain/errors.ts";
import { MAX_TEXT_BYTES } from "../../manifest/text.ts";
import { defineCommand, oneOf, type Io, type Outcome } from "../command.ts";
import { countOf, hasError, plural } from "../documents.ts";
import { stablePath } from "../formats/format.ts";
import { FORMAT_NAMES, REPORTS } from "../formats/formats.ts";
import { jsonOf } from "../formats/json.ts";
import { checkFiles, checkInput, type Checked } from "../manifests/check.ts";
import { findManifests } from "../manifests/find.ts";
import { watchFolders } from "../manifests/watch.ts";

export const validateCommand = defineCommand({
  usage: "<file|folder|pattern>...",
  example: "tradsys validate plugins 'deployments/*.yaml' --format sarif",
  options: {
    strict: { type: "boolean", default: false, description: "Treat warnings as errors" },
    fix: { type: "boolean", default: false, description: "Mend what has one right answer" },
    watch: { type: "boolean", default: false, description: "Check again at every change, until Ctrl-C" },
    format: {
      type: "string",
      value: "FORMAT",
      choices: FORMAT_NAMES,
      default: "pretty",
      description: `${FORMAT_NAMES.slice(0, -1).join(", ")} or ${FORMAT_NAMES.at(-1)}`,
    },
    stdin: { type: "boolean", default: false, description: "Check what comes on standard input" },
    "stdin-filename": { type: "string", value: "NAME", description: "The file that --stdin stands for" },
  },
  positionals: [0, Infinity],

  async run({ flags, args }, io) {
    refuseContradictions(flags, args);
    const style: Style = { format: oneOf(FORMAT_NAMES, flags.format, "format"), strict: flags.strict };
    if (flags.stdin) {
      const name = flags["stdin-filename"];
      const file = name === undefined ? undefined : resolve(io.cwd, name);
      return outcomeOf(io, await checkInput(io, await io.stdin(MAX_TEXT_BYTES), file), style);
    }
    for (let runs = 1; ; runs++) {
      const { files, folders, missing } = await findManifests(io, args);
      // Watching begins before the files are read, so that no change falls between.
      using watch = flags.watch ? watchFolders(folders) : undefined;
      const checked = await checkFiles(io, files, flags);
      const lost = checked.files.length === 0 && missing.length === 0 ? [noManifest(io, args)] : missing;
      const diagnostics = [...lost, ...checked.diagnostics];
      const outcome = await outcomeOf(io, { ...checked, diagnostics }, style);
      if (!watch) return outcome;
      io.print(outcome);
      if (!(await watch.changed(io.signal))) return { data: { runs }, lines: [] };
    }
  },
});

function refuseContradictions(
  flags: { readonly stdin: boolean; readonly fix: boolean; readonly watch: boolean },
  args: readonly string[],
): void {
  if (flags.stdin && (flags.fix || flags.watch || args.length > 0)) {
    throw new TradsysError("USAGE", "--stdin stands alone: it takes no file, no --fix and no --watch");
  }
  if (!flags.stdin && args.length === 0) {
    throw new TradsysError("USAGE", "missing argument: expected <file|folder|pattern>...", {
      hint: "`tradsys validate .` checks everything in this folder.",
    });
  }
}

/** A pipeline that checks nothing must not look as if all were well. */
const noManifest = (io: Io, args: readonly string[]): Diagnostic => ({
  code: "FILE_MISSING",
  severity: "error",
  message: "there is no manifest here",
  location: { file: resolve(io.cwd, args[0] ?? ".") },
  hint: "Manifests are `plugin.yaml`, and YAML and JSON files whose `apiVersion` begins with `tradsys/`.",
});

interface Style {
  readonly format: string;
  /** Warnings fail as errors do. */
  readonly strict: boolean;
}

async function outcomeOf(io: Io, checked: Checked, { format, strict }: Style): Promise<Outcome> {
  const { files, fixes } = checked;
  const diagnostics = strict
    ? checked.diagnostics.map((each): Diagnostic => ({ ...each, severity: "error" }))
    : checked.diagnostics;
  const fixed = fixes.map(({ file, start, from, to }) => ({
    file: stablePath(file, io.cwd),
    ...start,
    from,
    to,
  }));
  const outcome: Outcome = {
    data: { checked: files.map((file) => stablePath(file, io.cwd)), fixed },
    lines: [
      ...fixed.map(({ file, line, column, from, to }) => `fixed ${file}:${line}:${column}: ${from} → ${to}`),
      `${plural(files.length, "file")} checked: ${diagnostics.length === 0 ? "no problems" : countOf(diagnostics)}`,
    ],
    diagnostics,
    // Told apart from findings: a path that is wrong in a pipeline checks nothing.
    exit: diagnostics.some(({ code }) => code === "FILE_MISSING")
      ? CODES.FILE_MISSING
      : Number(hasError(diagnostics)),
  };
  if (format === "json") return { ...outcome, document: jsonOf(outcome) };
  const write = await REPORTS[format]?.();
  return write ? { ...outcome, document: write({ diagnostics, checked: files, cwd: io.cwd }) } : outcome;
}
