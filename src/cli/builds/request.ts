import { createRequire } from "node:module";
import { resolve } from "node:path";

import { canonical } from "../../domain/canonical.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { Io } from "../command.ts";
import { version } from "../version.ts";

/** What is asked of a run, for every plugin in it alike. */
export interface BuildRequest {
  readonly typecheck: boolean;
  readonly debug: boolean;
  readonly analyze: boolean;
  /** Absolute path of the private key that signs what is built. */
  readonly key: string | undefined;
  readonly passphraseFile: string | undefined;
  /** Plugins that are built at once. */
  readonly jobs: number;
  /** What builds them: another tool may build another bundle. */
  readonly tool: string;
}

/** Equal for the same request to the same tool: what an earlier build came to counts only then. */
export const requestId = (request: BuildRequest): string =>
  canonical({ ...request, jobs: undefined, passphraseFile: undefined });

/**
 * The request that flags stand for.
 *
 * @param flags.code Name of the file that holds the command's code; a built one is named after what it holds.
 * @throws {TradsysError} `USAGE`
 */
export function requestOf(
  io: Io,
  flags: {
    readonly code: string;
    readonly "no-typecheck": boolean;
    readonly debug: boolean;
    readonly analyze: boolean;
    readonly key?: string | undefined;
    readonly "passphrase-file"?: string | undefined;
    readonly jobs?: string | undefined;
  },
): BuildRequest {
  return {
    typecheck: !flags["no-typecheck"],
    debug: flags.debug,
    analyze: flags.analyze,
    key: flags.key === undefined ? undefined : resolve(io.cwd, flags.key),
    passphraseFile: flags["passphrase-file"],
    jobs: flags.jobs === undefined ? io.cores : jobsOf(flags.jobs),
    tool: `${version} ${flags.code} ${io.look.content(createRequire(import.meta.url).resolve("esbuild/package.json"))}`,
  };
}

function jobsOf(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new TradsysError("USAGE", `\`${text}\` is not a number of plugins to build at once`, {
    hint: "For example: --jobs 4",
  });
}
