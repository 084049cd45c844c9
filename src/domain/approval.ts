import type { Digest } from "./ids.ts";
import type { Role } from "./trust.ts";

export const APPROVAL_API_VERSION = "tradsys/approval/v1";

/** What an approver signs. */
export interface Approval {
  readonly apiVersion: typeof APPROVAL_API_VERSION;
  /** SHA-256 of the canonical form of the plan: every word of it is approved. */
  readonly plan: Digest;
  /** Who approves, by the name that plans and the journal know people by. */
  readonly approver: string;
  readonly role: Role;
  /** UTC, ISO 8601. */
  readonly at: string;
}
