import { hash } from "node:crypto";

import type { Digest } from "./ids.ts";

/** SHA-256 of bytes, or of a string's UTF-8 form. */
export function sha256(bytes: Uint8Array | string): Digest {
  return `sha256:${hash("sha256", bytes, "hex")}` as Digest;
}
