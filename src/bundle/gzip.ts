import { constants, crc32, inflateRawSync } from "node:zlib";

import type { BundleLimits } from "../domain/bundle.ts";
import { err, ok, type Result } from "../domain/result.ts";

/** The header of every bundle: deflate, no flags, no time, no name, unknown system (RFC 1952 §2.3). */
export const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
const TRAILER = 8;

/**
 * Unpacks exactly one gzip member. The size that its trailer states is checked before memory is spent, and the
 * output is held to it.
 *
 * @returns The unpacked bytes; or why the input is refused.
 */
export function gunzip(bytes: Buffer, limits: BundleLimits): Result<Buffer, string> {
  if (bytes.length > limits.packedBytes) {
    return err(`it is ${bytes.length} bytes, the limit is ${limits.packedBytes}`);
  }
  const end = bytes.length - TRAILER;
  if (end < GZIP_HEADER.length || !bytes.subarray(0, GZIP_HEADER.length).equals(GZIP_HEADER)) {
    return err("it does not start with a bundle's gzip header");
  }
  const size = bytes.readUInt32LE(end + 4);
  const limit = Math.min(limits.unpackedBytes, bytes.length * limits.ratio);
  if (size > limit) return err(`it unpacks to ${size} bytes, the limit is ${Math.floor(limit)}`);
  // Blocks that hold nothing cost time as well: no compressor makes its input this much longer.
  if (bytes.length > 1.25 * size + 64) return err(`its ${bytes.length} bytes unpack to only ${size}`);

  const unpacked = inflate(bytes.subarray(GZIP_HEADER.length), size);
  if (!unpacked) return err("its compressed data is damaged");
  if (GZIP_HEADER.length + unpacked.consumed !== end) return err("there are bytes after its gzip member");
  if (unpacked.bytes.length !== size || crc32(unpacked.bytes) !== bytes.readUInt32LE(end)) {
    return err("its gzip checksum is wrong");
  }
  return ok(unpacked.bytes);
}

function inflate(bytes: Buffer, size: number): { bytes: Buffer; consumed: number } | undefined {
  try {
    const answer: unknown = inflateRawSync(bytes, {
      // The answer then also tells how many bytes were used: Node ignores what follows a deflate stream.
      info: true,
      maxOutputLength: Math.max(size, 1),
      // One piece, with room to see the end: pieces would be copied together, which takes the memory twice.
      chunkSize: Math.max(size + 1, constants.Z_MIN_CHUNK),
    });
    const { buffer, engine } = answer as { buffer: Buffer; engine: { bytesWritten: number } };
    return { bytes: buffer, consumed: engine.bytesWritten };
  } catch {
    return undefined;
  }
}
