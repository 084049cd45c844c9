import { constants, crc32, deflateRawSync } from "node:zlib";

import { archive, entry } from "../bundle/tar.ts";
import { member, stored } from "./gzip-members.ts";

const MIB = 1024 * 1024;
const END = stored(Buffer.of(), { last: true });

/** A piece of a deflate stream that can be repeated: it ends at a byte and refers to nothing before it. */
const piece = (body: Buffer): Buffer => deflateRawSync(body, { finishFlush: constants.Z_FULL_FLUSH });

/** A deflate stream that unpacks to `times` MiB of zeros. */
const zeros = (times: number): Buffer => {
  const one = piece(Buffer.alloc(MIB));
  return Buffer.concat([Buffer.alloc(one.length * times, one), END]);
};

/** Bytes that do not compress, the same on every machine. */
function noise(length: number): Buffer {
  const words = new Uint32Array(length / 4);
  let state = 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return Buffer.from(words.buffer);
}

/** As large as a bundle may be, and no more often than it may be for its packed size. */
function atLimits(head: Buffer): Buffer {
  const body = Buffer.concat([head, noise(MIB / 2)]);
  return Buffer.concat([body, Buffer.alloc(64 * MIB - body.length)]);
}

const ofTar = (tar: Buffer): Buffer =>
  member({ data: deflateRawSync(tar), size: tar.length, crc: crc32(tar) });

/** A dynamic block whose only symbol is its end: 90 bits, eight of which end at a byte. @see RFC 1951 §3.2.7 */
function emptyDynamicBlocks(): Buffer {
  const bits: number[] = [];
  const put = (value: number, width: number): void => {
    for (let i = 0; i < width; i++) bits.push((value >> i) & 1);
  };
  for (let block = 0; block < 8; block++) {
    put(0, 1);
    put(2, 2);
    // 257 literals, one distance, lengths of 18 code lengths: 18 ("repeat zero") and 1 are one bit long.
    put(0, 5);
    put(0, 5);
    put(14, 4);
    for (let i = 0; i < 18; i++) put(i === 2 || i === 17 ? 1 : 0, 3);
    // 138 and 118 zeros, then a length of one for the end and for the one distance.
    put(1, 1);
    put(138 - 11, 7);
    put(1, 1);
    put(118 - 11, 7);
    put(0, 2);
    put(0, 1);
  }
  const bytes = Buffer.alloc(bits.length / 8);
  for (const [i, bit] of bits.entries()) bytes.writeUInt8(bytes.readUInt8(i >> 3) | (bit << (i & 7)), i >> 3);
  return bytes;
}

/** Small or slow files that would take much memory or time to unpack. */
export const bombs: ReadonlyMap<string, () => Buffer> = new Map([
  ["a GiB of zeros", () => member({ data: zeros(1024), size: 1024 * MIB })],
  ["a GiB of zeros that admits to nothing", () => member({ data: zeros(1024), size: 0 })],
  ["a GiB of zeros that admits to what is allowed", () => member({ data: zeros(1024), size: 64 * MIB })],
  ["five GiB of zeros, whose size overflows", () => member({ data: zeros(5 * 1024), size: 1024 * MIB })],
  ["as much as is allowed, all of it zeros", () => ofTar(atLimits(Buffer.of()))],
  [
    "as much as is allowed, all of it headers",
    () => {
      const headers = Buffer.alloc(63 * MIB, entry("z", ""));
      return ofTar(atLimits(Buffer.concat([entry("plugin.json", ""), headers]).subarray(0, 63 * MIB)));
    },
  ],
  [
    "as much as is allowed in 2000 files",
    () => {
      const files = Array.from({ length: 1999 }, (_, i) => entry(`z${1000 + i}`, Buffer.alloc(32 * 1024)));
      return ofTar(archive(entry("plugin.json", ""), ...files, entry("zz", noise(MIB / 2))));
    },
  ],
  [
    "millions of blocks that hold nothing",
    () => {
      const blocks = emptyDynamicBlocks();
      return member({ data: Buffer.concat([Buffer.alloc(30 * MIB, blocks), END]), size: 1024 });
    },
  ],
  ["more than a bundle may be, packed", () => member({ data: noise(32 * MIB), size: 32 * MIB })],
]);
