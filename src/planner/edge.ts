import type { FacetId } from "../domain/ids.ts";
import type { When } from "../domain/manifest.ts";

/** `from` waits until `to` is ready. */
export interface Edge {
  readonly from: FacetId;
  readonly to: FacetId;
  readonly origin: Origin;
}

/** Who says that one facet waits for another. The pointer is a JSON pointer in that document. */
export type Origin =
  | {
      readonly kind: "requirement";
      /** `port:<name>` or `plugin:<name>`. */
      readonly requirement: string;
      readonly range: string;
      readonly when: When;
      /** The facet that states it. It is not `from` where `from` waits because its code loads with it. */
      readonly statedBy: FacetId;
      readonly pointer: string;
    }
  | { readonly kind: "order"; readonly rule: string; readonly pointer: string };
