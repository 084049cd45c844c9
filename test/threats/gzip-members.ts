import {
  brotliCompressSync,
  constants,
  crc32,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";

import { gzip } from "../bundle/sample.ts";
import { honest } from "./hostile-tars.ts";

interface Member {
  readonly flags?: number;
  /** What the flags announce, between header and data. */
  readonly extra?: Buffer;
  readonly data?: Buffer;
  readonly crc?: number;
  readonly size?: number;
}

/** A gzip member of the honest archive, as bundles have it but for what is said. @see RFC 1952 §2.3 */
export function member({
  flags = 0,
  extra = Buffer.of(),
  data,
  crc = crc32(honest),
  size = honest.length,
}: Member): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255]);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(size, 4);
  return Buffer.concat([header, extra, data ?? deflateRawSync(honest), trailer]);
}

/** A member whose header has another byte. */
function withByte(offset: number, value: number): Buffer {
  const bytes = gzip(honest);
  bytes[offset] = value;
  return bytes;
}

function withHeaderChecksum(): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 255]);
  const check = Buffer.alloc(2);
  check.writeUInt16LE(crc32(header) & 0xffff);
  return member({ flags: 2, extra: check });
}

/** A stored block. @see RFC 1951 §3.2.4 */
export function stored(body: Buffer, { last = false, complement = ~body.length } = {}): Buffer {
  const head = Buffer.of(last ? 1 : 0, 0, 0, 0, 0);
  head.writeUInt16LE(body.length, 1);
  head.writeUInt16LE(complement & 0xffff, 3);
  return Buffer.concat([head, body]);
}

const storedIn = (size: number): Buffer[] =>
  Array.from({ length: Math.ceil(honest.length / size) }, (_, i) =>
    stored(honest.subarray(i * size, (i + 1) * size)),
  );
const END = stored(Buffer.of(), { last: true });
const half = honest.length / 2;

/** Files that are not exactly one member as bundles have it, around an archive that is in order. */
export const hostileGzips: ReadonlyMap<string, () => Buffer> = new Map(
  Object.entries({
    "nothing at all": () => Buffer.of(),
    "a header alone": () => gzip(honest).subarray(0, 10),
    "a header and a trailer": () => member({ data: Buffer.of() }),
    "an archive that is not compressed": () => honest,
    "an archive compressed twice": () => gzip(gzip(honest)),
    "a zlib stream": () => deflateSync(honest),
    "a bare deflate stream": () => deflateRawSync(honest),
    "a brotli stream": () => brotliCompressSync(honest),
    "a zstd stream": () => zstdCompressSync(honest),
    "another magic": () => withByte(0, 0x1e),
    "another method": () => withByte(2, 7),
    "a time": () => withByte(4, 1),
    "a level in its header": () => withByte(8, 2),
    "the name of a system": () => withByte(9, 3),
    "what zlib writes": () => gzipSync(honest),
    "the text flag": () => member({ flags: 1 }),
    "a checksum of its header": withHeaderChecksum,
    "an announced checksum that is none": () => member({ flags: 2 }),
    "an extra field": () => member({ flags: 4, extra: Buffer.from("\x04\0AB\0\0", "latin1") }),
    "an extra field that runs past the end": () => member({ flags: 4, extra: Buffer.of(255, 255) }),
    "a name": () => member({ flags: 8, extra: Buffer.from("../../z\0") }),
    "a name that does not end": () => member({ flags: 8, extra: Buffer.alloc(100, "z") }),
    "a comment": () => member({ flags: 16, extra: Buffer.from("comment\0") }),
    "a reserved flag": () => member({ flags: 32 }),
    "another reserved flag": () => member({ flags: 64 }),
    "the last reserved flag": () => member({ flags: 128 }),
    "all flags": () => member({ flags: 255 }),
    "an empty second member": () => Buffer.concat([gzip(honest), gzip(Buffer.of())]),
    "an empty first member": () => Buffer.concat([gzip(Buffer.of()), gzip(honest)]),
    "the same member twice": () => Buffer.concat([gzip(honest), gzip(honest)]),
    "an archive in two members": () =>
      Buffer.concat([gzip(honest.subarray(0, half)), gzip(honest.subarray(half))]),
    "a zero after it": () => Buffer.concat([gzip(honest), Buffer.of(0)]),
    "zeros after it": () => Buffer.concat([gzip(honest), Buffer.alloc(512)]),
    "garbage after it": () => Buffer.concat([gzip(honest), Buffer.from("garbage")]),
    "another trailer after it": () => Buffer.concat([gzip(honest), gzip(honest).subarray(-8)]),
    "bytes between its data and its trailer": () =>
      member({ data: Buffer.concat([deflateRawSync(honest), Buffer.from("hidden")]) }),
    "a second stream in its member": () =>
      member({ data: Buffer.concat([deflateRawSync(honest), deflateRawSync(honest)]) }),
    "a wrong checksum": () => member({ crc: 0 }),
    "a size of nothing": () => member({ size: 0 }),
    "a size of one byte less": () => member({ size: honest.length - 1 }),
    "a size of one byte more": () => member({ size: honest.length + 1 }),
    "the largest size": () => member({ size: 0xffffffff }),
    "no trailer": () => gzip(honest).subarray(0, -8),
    "half a trailer": () => gzip(honest).subarray(0, -4),
    "data that is cut off": () => member({ data: deflateRawSync(honest).subarray(0, -20) }),
    "no last block": () => member({ data: Buffer.concat(storedIn(1024)) }),
    "a reserved kind of block": () => member({ data: Buffer.of(7) }),
    "a stored block of another length than its complement": () =>
      member({ data: stored(honest.subarray(0, 1024), { last: true, complement: 0 }) }),
    "a stored block that runs past the end": () =>
      member({ data: Buffer.concat([Buffer.of(1, 255, 255, 0, 0), honest]) }),
    "a distance to before its start": () => member({ data: Buffer.of(0x03 | 0x00, 0x02, 0x00) }),
    "a preset dictionary": () =>
      member({ data: deflateRawSync(honest, { dictionary: honest.subarray(0, 600) }) }),
    "blocks that hold nothing": () =>
      member({
        data: Buffer.concat([Buffer.alloc(5 * 100_000, stored(Buffer.of())), deflateRawSync(honest)]),
      }),
  }).map(([what, make]) => [`a file with ${what}`, make]),
);

const { Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;

/** Other ways to compress the honest archive into one member. None of them is another bundle. */
export const otherCompressions: ReadonlyMap<string, () => Buffer> = new Map([
  ...Array.from({ length: 10 }, (_, level): [string, () => Buffer] => [
    `at level ${level}`,
    () => member({ data: deflateRawSync(honest, { level }) }),
  ]),
  ...Object.entries({ Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE }).map(
    ([name, strategy]): [string, () => Buffer] => [
      `with ${name}`,
      () => member({ data: deflateRawSync(honest, { strategy }) }),
    ],
  ),
  ["in stored blocks", () => member({ data: Buffer.concat([...storedIn(512), END]) })],
  [
    "with an empty block first",
    () => member({ data: Buffer.concat([stored(Buffer.of()), deflateRawSync(honest)]) }),
  ],
  ["with a small window", () => member({ data: deflateRawSync(honest, { windowBits: 9, memLevel: 1 }) })],
]);
