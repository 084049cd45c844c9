/** The ports of the platform by name; extend it by declaration merging for your own. */
export interface PortTypes {
  "market-data": unknown;
}
