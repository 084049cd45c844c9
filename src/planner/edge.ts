import type { FacetId } from "../domain/ids.ts";
import type { Wire } from "./wiring.ts";

/** `from` waits until `to` is ready. */
export interface Edge {
  readonly from: FacetId;
  readonly to: FacetId;
  readonly origin: Wire | OrderRule;
}

/** What the deployment says of the order. */
export interface OrderRule {
  readonly kind: "order";
  readonly rule: string;
  /** JSON pointer in the deployment manifest. */
  readonly pointer: string;
}
