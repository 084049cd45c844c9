import { resolve } from "node:path";

import { CODES } from "../../domain/codes.ts";
import type { Diagnostic } from "../../domain/diagnostic.ts";
import { TradsysError } from "../../domain/errors.ts";
import { MAX_TEXT_BYTES, parseAny } from "../../manifest/parse.ts";
import { defineCommand, type Io } from "../command.ts";
import { countOf, hasError, plural } from "../documents.ts";

export const validateCommand = defineCommand({
  usage: "<manifest>...",
  example: "tradsys validate plugin.yaml deployments/*.yaml",
  options: {
    strict: { type: "boolean", default: false, description: "Let warnings fail too" },
  },
  positionals: [1, Infinity],

  async run({ flags, args }, io) {
    const checked = await Promise.all(args.map((path) => check(io, resolve(io.cwd, path))));
    const diagnostics = checked.flat();
    const failed = hasError(diagnostics) || (flags.strict && diagnostics.length > 0);
    const summary = diagnostics.length === 0 ? "no problems" : countOf(diagnostics);
    return {
      data: { checked: args },
      lines: [`${plural(args.length, "file")} checked: ${summary}`],
      diagnostics,
      // Told apart from findings: a path that is wrong in a pipeline checks nothing.
      exit: diagnostics.some(({ code }) => code === "FILE_MISSING") ? CODES.FILE_MISSING : failed ? 1 : 0,
    };
  },
});

/** A file that cannot be read is a finding too: one missing file must not hide what is wrong in the others. */
async function check(io: Io, file: string): Promise<readonly Diagnostic[]> {
  try {
    const text = await io.files.read(file, MAX_TEXT_BYTES);
    const parsed = parseAny(text.toString("utf8"), file);
    return parsed.ok ? parsed.value.warnings : parsed.error;
  } catch (error) {
    if (error instanceof TradsysError) return error.diagnostics;
    throw error;
  }
}
