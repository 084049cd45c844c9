import { promisify } from "node:util";
import { constants, crc32, deflateRaw } from "node:zlib";

import { GZIP_HEADER } from "../bundle/gzip.ts";

/** Bytes that are compressed on their own: equal input gives equal pieces on every machine. */
const PIECE = 256 * 1024;
/** How far deflate looks back (RFC 1951 §2): what a piece is given of the one before it. */
const WINDOW = 32 * 1024;
/** An empty last block: the end of a deflate stream. */
const END = Buffer.from([0x03, 0x00]);

const deflate = promisify(deflateRaw);

/** A part of what is to be compressed, on which work has begun. */
export interface Part {
  readonly bytes: Buffer;
  readonly deflated: Promise<Buffer>;
}

/**
 * Begins to compress a part on all cores: each piece starts with the window of the one before and ends at a byte, so that
 * the pieces follow each other as one deflate stream, and so do the parts.
 *
 * @see https://zlib.net/pigz, which does the same.
 */
export function partOf(bytes: Buffer): Part {
  const starts = Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, i) => i * PIECE);
  const pieces = starts.map((start) => {
    const dictionary = bytes.subarray(Math.max(0, start - WINDOW), start);
    return deflate(bytes.subarray(start, start + PIECE), {
      level: 6,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(dictionary.length > 0 && { dictionary }),
    });
  });
  return { bytes, deflated: Promise.all(pieces).then((all) => Buffer.concat(all)) };
}

/** The parts in this order, as one gzip member. @see RFC 1952 §2.3 */
export async function gzipOf(parts: readonly Part[]): Promise<Buffer> {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(
    parts.reduce((crc, { bytes }) => crc32(bytes, crc), 0),
    0,
  );
  trailer.writeUInt32LE(
    parts.reduce((length, { bytes }) => length + bytes.length, 0),
    4,
  );
  return Buffer.concat([
    GZIP_HEADER,
    ...(await Promise.all(parts.map(({ deflated }) => deflated))),
    END,
    trailer,
  ]);
}
