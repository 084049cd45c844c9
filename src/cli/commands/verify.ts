import { CODES } from "../../domain/codes.ts";
import { parseTrust } from "../../manifest/parse.ts";
import { describeVerification, verificationError } from "../../signing/verification.ts";
import { verifyBundle } from "../../signing/verify.ts";
import { readBundleFile } from "../bundles.ts";
import { defineCommand } from "../command.ts";
import { readDocument } from "../documents.ts";
import { TRUST_OPTION, trustFile } from "../options.ts";
import { shownPath } from "../render.ts";

export const verifyCommand = defineCommand({
  usage: "<bundle>...",
  example: "tradsys verify bundles/*.tar.gz --trust trust.yaml",
  options: TRUST_OPTION,
  positionals: [1, Infinity],

  async run({ flags, args }, io) {
    const { value: policy } = await readDocument(io, trustFile(io, flags), parseTrust);
    const verifications = await Promise.all(
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
