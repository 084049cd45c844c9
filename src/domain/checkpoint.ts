import type { Digest } from "./ids.ts";

export const CHECKPOINT_API_VERSION = "tradsys/checkpoint/v1";

/**
 * What somebody vouches for who has seen a journal: that it had this entry. A chain alone shows that nothing inside
 * was changed; a checkpoint also shows that it was not written anew or cut short.
 */
export interface Checkpoint {
  readonly apiVersion: typeof CHECKPOINT_API_VERSION;
  /** Number of the last entry, counted from 1. */
  readonly seq: number;
  /** Digest of that entry, which covers all before it. */
  readonly digest: Digest;
  /** UTC, ISO 8601. */
  readonly at: string;
}
