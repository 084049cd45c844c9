import { canonical } from "../../src/domain/canonical.ts";
import { sha256 } from "../../src/domain/digest.ts";
import type { Digest } from "../../src/domain/ids.ts";
import type { Generation, Plan } from "../../src/domain/plan.ts";

/** A plan that goes to a generation at once: what a benchmark measures starts after it, or is not the way there. */
export const planFor = (base: Digest | null, generation: Generation): Plan => ({
  apiVersion: "tradsys/plan/v1",
  base,
  next: sha256(canonical(generation)),
  author: "bench",
  changes: [],
  waves: [],
  relaxed: [],
  adapters: [],
  start: { waves: [], estimatesMs: {}, criticalPath: [], criticalPathMs: 0 },
  policy: {
    window: { notBefore: null, startBy: null, doneBy: null },
    material: [],
    approvals: [],
    approvers: 0,
  },
  generation,
});
