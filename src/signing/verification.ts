import { describeDifference, type FileDifference } from "../bundle/difference.ts";
import type { OpenBundle } from "../domain/bundle.ts";
import type { ErrorCode } from "../domain/codes.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
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
  | { readonly status: "unsigned"; readonly file: string }
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
  | {
      readonly status: "untrusted";
      readonly file: string;
      readonly reasons: readonly string[];
      /** What would satisfy the policy; empty where no further signature would help. */
      readonly needs: readonly Shortfall[];
    };

type Refusal = Exclude<Verification, { status: "signed" }>;

/** A verification in one line. */
export function describeVerification(verification: Verification): string {
  const { file } = verification;
  switch (verification.status) {
    case "signed":
      return `${file} is signed by ${verification.keys.map(({ name, role }) => `${name} (${role})`).join(", ")}`;
    case "unsigned":
      return `${file} is not signed`;
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
