import type { Target } from "../../domain/manifest.ts";
import type { Term } from "../engine/model.ts";

/** What somebody says of a target, as it is told to people. */
export interface Statement {
  /**
   * It must be there in range; may be there only in range; must not be there; only one plugin may provide it. Of
   * itself: it runs beside no other version; or only beside such as let it; or only where they provide what it does.
   */
  readonly verb: "needs" | "accepts" | "refuses" | "claims" | "is-single" | "shares" | "agrees";
  readonly target: Target;
  readonly range: string;
  /** What the manifest says, where the deployment replaces it. */
  readonly replaces?: string;
}

/** A statement, and what it means for the sets: where its owner is chosen, one of `terms` holds. */
export interface Rule {
  readonly statement: Statement;
  /** None where nothing can meet it. */
  readonly terms: readonly Term[];
  /** The deployment does not state it: somebody asks what if. */
  readonly isQuestion?: true;
}
