import { describeDifference, type FileDifference } from "../bundle/difference.ts";
import type { OpenBundle } from "../domain/bundle.ts";
import type { ErrorCode } from "../domain/codes.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import { err, ok, type Result } from "../domain/result.ts";
import type { Role } from "../domain/trust.ts";
import type { Shortfall } from "./trust.ts";

/** A key whose signature was counted. */
export interface CountedKey {
  readonly name: string;
  readonly role: Role;
  readonly id: Digest;
}

/** What is known about a bundle after its signatures were checked against a trust policy. */
export type Verification =
  /** Enough trusted keys signed exactly this bundle. */
  | {
      readonly status: "signed";
      readonly file: string;
      readonly bundle: OpenBundle;
      readonly keys: readonly CountedKey[];
    }
  /** Nobody signed it. */
  | ({ readonly status: "unsigned"; readonly file: string } & Lacking)
  /** Enough trusted keys signed another bundle than the one that is here. */
  | { readonly status: "modified"; readonly file: string; readonly differences: readonly FileDifference[] }
  /** The bundle is malformed although it was signed, or no envelope holds a signature that can be checked. */
  | {
      readonly status: "invalid";
      readonly file: string;
      readonly part: "bundle" | "signature";
      readonly reason: string;
    }
  /** It was signed, but not by those whom the policy asks for. */
  | ({
      readonly status: "untrusted";
      readonly file: string;
      readonly reasons: readonly string[];
    } & Lacking);

interface Lacking {
  /** What would satisfy the policy; empty where no further signature would help. */
  readonly needs: readonly Shortfall[];
  /** The bundle, intact and not revoked, where the policy only warns of what it lacks. */
  readonly tolerated?: OpenBundle;
}

type Refusal = Exclude<Verification, { status: "signed" }>;

/** A bundle that may be used. */
interface Admitted {
  readonly bundle: OpenBundle;
  /** To be told each time it is used: its signatures do not suffice, and the policy only warns of that. */
  readonly warnings: readonly Diagnostic[];
}

/** Whether a bundle may be used; or the failure that it amounts to. */
export function admit(verification: Verification): Result<Admitted, TradsysError> {
  if (verification.status === "signed") return ok({ bundle: verification.bundle, warnings: [] });
  const bundle = "tolerated" in verification ? verification.tolerated : undefined;
  if (!bundle) return err(verificationError(verification));
  const warning: Diagnostic = {
    code: codeOf(verification),
    severity: "warning",
    message: `${describeVerification(verification)}; it is used all the same, since the trust policy only warns`,
    location: { file: verification.file },
    hint: `${hintOf(verification)} Then take \`mode: warn\` out of the trust policy.`,
  };
  return ok({ bundle, warnings: [warning] });
}

/** A verification in one line. */
export function describeVerification(verification: Verification): string {
  const { file } = verification;
  switch (verification.status) {
    case "signed":
      return `${file} is signed by ${verification.keys.map(({ name, role }) => `${name} (${role})`).join(", ")}`;
    case "unsigned":
      return [`${file} is not signed`, ...verification.needs.map(describeShortfall)].join("; ");
    case "modified":
      return `${file} was changed after it was signed: ${verification.differences.map(describeDifference).join("; ")}`;
    case "invalid":
      return verification.part === "bundle"
        ? `${file} is signed, but is not a bundle: ${verification.reason}`
        : `${file} has no valid signature: ${verification.reason}`;
    case "untrusted":
      return `${file} is not trusted: ${[...verification.reasons, ...verification.needs.map(describeShortfall)].join("; ")}`;
    default:
      return verification satisfies never;
  }
}

/** The failure that a verification amounts to where only a signed bundle will do. */
export const verificationError = (refusal: Refusal): TradsysError =>
  new TradsysError(codeOf(refusal), describeVerification(refusal), {
    hint: hintOf(refusal),
    location: { file: refusal.file },
  });

function codeOf(refusal: Refusal): ErrorCode {
  switch (refusal.status) {
    case "unsigned":
      return "NOT_SIGNED";
    case "modified":
      return "BUNDLE_MODIFIED";
    case "invalid":
      return refusal.part === "bundle" ? "BUNDLE_INVALID" : "ENVELOPE_INVALID";
    case "untrusted":
      return "NOT_TRUSTED";
    default:
      return refusal satisfies never;
  }
}

function hintOf(refusal: Refusal): string {
  switch (refusal.status) {
    case "unsigned":
      return "Sign it with `tradsys sign`.";
    case "modified":
      return "Take it again from where it was built. If it is still changed then, do not use it.";
    case "invalid":
      return "Build and sign it again.";
    case "untrusted":
      return refusal.needs.length > 0
        ? "Let the holders of these keys sign it."
        : "No signature would help: see the trust policy.";
    default:
      return refusal satisfies never;
  }
}

function describeShortfall({ role, missing, keys }: Shortfall): string {
  const by =
    keys.length > 0 ? `by ${keys.join(" or ")}` : "and the trust policy has no key that could give it";
  return `it needs ${missing} more ${role} signature${missing === 1 ? "" : "s"}, ${by}`;
}
