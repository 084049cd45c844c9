import { createHmac, timingSafeEqual } from "node:crypto";

import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import type { Digest } from "../domain/ids.ts";

/** Says what a file is; the last byte is the version of the format. */
const MAGIC = Buffer.from("tradpak\u0001");
const SEAL_BYTES = 32;
const SEAL_END = MAGIC.length + SEAL_BYTES;
const INDEX_START = SEAL_END + 4;

/** Who vouches for a pack, and as what. A pack that was sealed as one thing is nothing else. */
export interface Seal {
  readonly key: Uint8Array;
  /** What the pack is, for which generation and, where that matters, for which compiler. */
  readonly purpose: string;
}

interface Index {
  readonly head: unknown;
  /** Name, size and digest of each body. They lie one after the other in this order, so that no two can overlap. */
  readonly bodies: readonly (readonly [name: string, size: number, digest: Digest])[];
}

/** A pack whose index is as it was sealed. Its bodies are proved when they are taken. */
export interface Pack<Head> {
  readonly head: Head;
  /** The digest of the index, which covers every body by digest: the identity of the pack. */
  readonly root: Digest;
  /** The body of this name, proved just now; `undefined` where there is none or its bytes are not those sealed. */
  body(name: string): Buffer | undefined;
}

/**
 * Puts many byte strings and what is known about them into one file: magic, seal, length of the index, index,
 * bodies. Equal input gives an equal index, hence an equal root; the seal is this host's own.
 */
export function writePack(head: unknown, bodies: ReadonlyMap<string, Uint8Array>, seal: Seal): Buffer {
  const index: Index = {
    head,
    bodies: [...bodies].map(([name, bytes]) => [name, bytes.length, sha256(bytes)]),
  };
  const text = Buffer.from(canonical(index));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([MAGIC, sealOf(sha256(text), seal), length, text, ...bodies.values()]);
}

/**
 * Opens a pack in place: bodies are views into `bytes`, so what is proved is what is used.
 *
 * @returns `undefined` for anything but a whole pack that was sealed with this key for this purpose.
 */
export function openPack<Head>(bytes: Buffer, seal: Seal): Pack<Head> | undefined {
  if (bytes.length < INDEX_START || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const start = INDEX_START + bytes.readUInt32LE(SEAL_END);
  if (start > bytes.length) return undefined;
  const text = bytes.subarray(INDEX_START, start);
  const root = sha256(text);
  if (!timingSafeEqual(bytes.subarray(MAGIC.length, SEAL_END), sealOf(root, seal))) return undefined;

  // From here on the index is what `writePack` wrote.
  const { head, bodies } = JSON.parse(text.toString()) as Index;
  const places = new Map<string, { readonly bytes: Buffer; readonly digest: Digest }>();
  let end = start;
  for (const [name, size, digest] of bodies) {
    places.set(name, { bytes: bytes.subarray(end, end + size), digest });
    end += size;
  }
  if (end !== bytes.length) return undefined;
  return {
    head: head as Head,
    root,
    body(name) {
      const place = places.get(name);
      return place && sha256(place.bytes) === place.digest ? place.bytes : undefined;
    },
  };
}

const sealOf = (root: Digest, { key, purpose }: Seal): Buffer =>
  createHmac("sha256", key).update(`${purpose}\n${root}`).digest();
