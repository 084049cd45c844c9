import { CODES } from "../../domain/codes.ts";
import type { Diagnostic } from "../../domain/diagnostic.ts";
import { TradsysError } from "../../domain/errors.ts";
import { settleAll } from "../../domain/settle.ts";
import { admit, describeVerification, type Verification } from "../../signing/verification.ts";
import { verifyBundle } from "../../signing/verify.ts";
import { readBundleFile } from "../bundles.ts";
import { defineCommand, type Io } from "../command.ts";
import { readTrust } from "../documents.ts";
import { TRUST_OPTION, trustFile } from "../options.ts";
import { shownPath } from "../render.ts";

export const verifyCommand = defineCommand({
  usage: "<bundle>...",
  example: "tradsys verify bundles/*.tar.gz --trust trust.yaml",
  options: {
    ...TRUST_OPTION,
    rebuild: {
      type: "string",
      value: "DIR",
      description: "Also build the plugin in this folder again, and show where the bundle differs",
    },
  },
  positionals: [1, Infinity],

  async run({ flags, args }, io) {
    const { rebuild } = flags;
    if (rebuild !== undefined && args.length > 1) {
      throw new TradsysError("USAGE", "--rebuild compares one bundle with one folder", {
        hint: "Name the one bundle that this folder builds.",
      });
    }
    const policy = await readTrust(io, trustFile(io, flags));
    const checked = await settleAll(
      args.map(async (arg) => {
        const { path, bytes, envelopes } = await readBundleFile(io, arg);
        const file = shownPath(path, io.cwd);
        const verification = verifyBundle({ bytes, file, envelopes, policy, now: io.now() });
        return {
          verification,
          admitted: admit(verification),
          // The bytes that were verified are the ones compared.
          differences:
            rebuild === undefined ? [] : await rebuildFindings({ bytes, file, source: rebuild }, io),
        };
      }),
    );
    const refused = checked.filter(({ admitted }) => !admitted.ok);
    return {
      data: checked.map(({ verification }) => factsOf(verification)),
      lines: checked.flatMap(({ verification, differences }) => [
        ...(verification.status === "signed" ? [`signed  ${describeVerification(verification)}`] : []),
        ...(rebuild === undefined || differences.length > 0
          ? []
          : [`rebuilt ${verification.file} to the byte from ${rebuild}`]),
      ]),
      diagnostics: checked.flatMap(({ admitted, differences }) => [
        ...(admitted.ok ? admitted.value.warnings : admitted.error.diagnostics),
        ...differences,
      ]),
      exit: exitFor(
        refused.map(({ verification }) => verification),
        checked.flatMap(({ differences }) => differences),
      ),
    };
  },
});

interface Rebuild {
  readonly bytes: Buffer;
  readonly file: string;
  readonly source: string;
}

/** The bundler is loaded only for this. */
const rebuildFindings = async (rebuild: Rebuild, io: Io): Promise<readonly Diagnostic[]> =>
  (await import("../rebuild.ts")).rebuildFindings(rebuild, io);

/** What `--json` prints: all that is known, without the bytes. */
function factsOf(verification: Verification) {
  const explanation = describeVerification(verification);
  if (verification.status === "signed") {
    const { bundle, ...facts } = verification;
    const { name, version } = bundle.manifest;
    return { ...facts, name, version, content: bundle.content, blob: bundle.blob, explanation };
  }
  const { tolerated, ...facts } = { tolerated: undefined, ...verification };
  return { ...facts, tolerated: tolerated !== undefined, explanation };
}

/** Damage can be mended by another download, want of trust cannot: the latter is told by the status where there are both. */
function exitFor(refused: readonly Verification[], differences: readonly Diagnostic[]): number {
  if (refused.length === 0) return differences.length === 0 ? 0 : CODES.REBUILD_DIFFERS;
  return refused.every(({ status }) => status === "modified" || status === "invalid")
    ? CODES.BUNDLE_MODIFIED
    : CODES.NOT_TRUSTED;
}
