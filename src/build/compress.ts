import { promisify } from "node:util";
import { constants, crc32, deflateRaw } from "node:zlib";

import { GZIP_HEADER } from "../bundle/gzip.ts";

/** Bytes that are compressed on their own. Part of the format of nothing, but equal input gives equal pieces. */
const PIECE = 256 * 1024;
/** How far deflate looks back (RFC 1951 §2): what a piece is given of the one before it. */
const WINDOW = 32 * 1024;

const deflate = promisify(deflateRaw);

/**
 * One gzip member, compressed on all cores: each piece starts with the window of the one before and ends at a byte,
 * so that the pieces follow each other as one deflate stream.
 *
 * @see https://zlib.net/pigz, which does the same; RFC 1952 for what stands around the stream.
 */
export async function compress(bytes: Buffer): Promise<Buffer> {
  const starts = Array.from({ length: Math.max(1, Math.ceil(bytes.length / PIECE)) }, (_, i) => i * PIECE);
  const pieces = await Promise.all(
    starts.map((start) => {
      const end = start + PIECE;
      const dictionary = bytes.subarray(Math.max(0, start - WINDOW), start);
      return deflate(bytes.subarray(start, end), {
        level: 6,
        finishFlush: end >= bytes.length ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
        ...(dictionary.length > 0 && { dictionary }),
      });
    }),
  );
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([GZIP_HEADER, ...pieces, trailer]);
}
