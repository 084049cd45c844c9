import { createRequire } from "node:module";

/** Version of this product. */
export const { version } = createRequire(import.meta.url)("tradsys/package.json") as {
  readonly version: string;
};
