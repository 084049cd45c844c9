import { resolve } from "node:path";

import { planDigest } from "../../activation/ready.ts";
import { APPROVAL_API_VERSION } from "../../domain/approval.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { Plan } from "../../domain/plan.ts";
import { EMPTY_FLOOR } from "../../domain/trust.ts";
import { parsePlan } from "../../manifest/parse.ts";
import { APPROVAL, isOwn } from "../../signing/approval.ts";
import type { Signer } from "../../signing/keys.ts";
import { signDocument } from "../../signing/signed-document.ts";
import { barOf, rulingOf, type Voter } from "../../signing/trust.ts";
import { approvalFile } from "../approvals.ts";
import { defineCommand, type Io } from "../command.ts";
import { plural, readDocument, short } from "../documents.ts";
import { PASSPHRASE_OPTION, signerFrom } from "../keys/private-key.ts";
import { policyText } from "../plan/text.ts";
import { shownPath } from "../render.ts";

export const approveCommand = defineCommand({
  usage: "<plan> --key FILE",
  example: "tradsys approve paper-desk.plan.json --key keys/risk-officer.key",
  options: {
    key: { type: "string", value: "FILE", description: "Your private key, PKCS#8 in PEM" },
    ...PASSPHRASE_OPTION,
  },
  positionals: [1, 1],

  async run({ flags, args: [arg = ""] }, io) {
    if (flags.key === undefined) {
      throw new TradsysError("USAGE", "no key named", { hint: "Add --key keys/risk-officer.key." });
    }
    const file = resolve(io.cwd, arg);
    const { value: plan } = await readDocument(io, file, parsePlan);
    const signer = await signerFrom(io, resolve(io.cwd, flags.key), flags);
    const { trusted } = approverOf(io, plan, signer);
    const digest = planDigest(plan);
    const approval = {
      apiVersion: APPROVAL_API_VERSION,
      plan: digest,
      approver: io.user,
      role: trusted.role,
      at: io.now().toISOString(),
    } as const;
    const target = approvalFile(file, signer.publicKey.id);
    await io.files.write(target, await signDocument(APPROVAL, approval, signer));
    const changes = plan.changes.filter(({ action }) => action !== "unchanged").length;
    return {
      data: { ...approval, key: trusted.name, file: target },
      lines: [
        `plan ${short(digest)} by ${plan.author}, ${plural(changes, "change")}: approved as ${trusted.role} by ${io.user} with ${trusted.name} → ${shownPath(target, io.cwd)}`,
        ...policyText(plan).map((line) => `  ${line}`),
      ],
    };
  },
});

/**
 * The approver's key in the plan's trust policy. Told at once: whoever applies the plan judges again, by the policy
 * in force there.
 */
function approverOf({ user, now }: Io, plan: Plan, { publicKey }: Signer): Voter {
  const ruling = rulingOf({ policy: plan.generation.trust, floor: EMPTY_FLOOR, now: now() });
  const own = ruling.voters.filter((voter) => voter.publicKey.id === publicKey.id);
  const voter = own.find((each) => barOf(ruling, each) === undefined) ?? own[0];
  const bar = voter ? barOf(ruling, voter) : "the plan's trust policy does not have it";
  if (!voter || bar !== undefined) {
    throw new TradsysError("NOT_TRUSTED", `an approval with this key would not count: ${bar}`, {
      hint: "Approve with a key that the trust policy names.",
    });
  }
  if (isOwn(user, voter, plan.author)) {
    throw new TradsysError("APPROVAL_OWN", `${plan.author} made the plan and cannot approve it`, {
      hint: "Somebody else must look at it.",
    });
  }
  return voter;
}
