import { CODES } from "../../domain/codes.ts";
import { settleAll } from "../../domain/settle.ts";
import { describeVerification, verificationError } from "../../signing/verification.ts";
import { verifyBundle } from "../../signing/verify.ts";
import { readBundleFile } from "../bundles.ts";
import { defineCommand } from "../command.ts";
import { readTrust } from "../documents.ts";
import { TRUST_OPTION, trustFile } from "../options.ts";
import { shownPath } from "../render.ts";

export const verifyCommand = defineCommand({
  usage: "<bundle>...",
  example: "tradsys verify bundles/*.tar.gz --trust trust.yaml",
  options: TRUST_OPTION,
  positionals: [1, Infinity],

  async run({ flags, args }, io) {
    const policy = await readTrust(io, trustFile(io, flags));
    const verifications = await settleAll(
      args.map(async (arg) => {
        const { path, bytes, envelopes } = await readBundleFile(io, arg);
        return verifyBundle({ bytes, file: shownPath(path, io.cwd), envelopes, policy, now: io.now() });
      }),
    );
    const refusals = verifications.filter((verification) => verification.status !== "signed");
    return {
      data: verifications.map((verification) => ({
        file: verification.file,
        status: verification.status,
        explanation: describeVerification(verification),
      })),
      lines: verifications
        .filter(({ status }) => status === "signed")
        .map((verification) => `signed  ${describeVerification(verification)}`),
      diagnostics: refusals.flatMap((refusal) => verificationError(refusal).diagnostics),
      exit: refusals.length > 0 ? CODES.NOT_TRUSTED : 0,
    };
  },
});
