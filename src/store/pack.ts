import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";

import { canonical } from "../domain/canonical.ts";

/** Says what a file is; the last byte is the version of the format. */
const MAGIC = Buffer.from("tradpak\u0001");
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCE_END = MAGIC.length + NONCE_BYTES;
const SEALED_FROM = NONCE_END + TAG_BYTES;
const INDEX_FROM = SEALED_FROM + 4;

/** Who vouches for a pack, and as what. A pack that was sealed as one thing is nothing else. */
export interface Seal {
  readonly key: Uint8Array;
  /** What the pack is, for which generation and, where that matters, for which compiler. */
  readonly purpose: string;
}

interface Index {
  readonly head: unknown;
  /** Name and size of each body. They lie one after the other in this order, so that no two can overlap. */
  readonly bodies: readonly (readonly [name: string, size: number])[];
}

/** A pack of which every byte was proved. */
export interface Pack<Head> {
  readonly head: Head;
  body(name: string): Buffer | undefined;
}

/**
 * Puts many byte strings and what is known about them into one file: magic, nonce, seal, length of the index, index,
 * bodies. Equal input gives equal bytes after the seal.
 */
export function writePack(head: unknown, bodies: ReadonlyMap<string, Uint8Array>, seal: Seal): Buffer {
  const index: Index = { head, bodies: [...bodies].map(([name, bytes]) => [name, bytes.length]) };
  const text = Buffer.from(canonical(index));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const sealed = Buffer.concat([length, text, ...bodies.values()]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", keyFor(seal), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(sealed).final();
  return Buffer.concat([MAGIC, nonce, cipher.getAuthTag(), sealed]);
}

/**
 * Opens a pack in place: bodies are views into `bytes`, so what is proved is what is used.
 *
 * @returns `undefined` for anything but a whole pack that was sealed with this key for this purpose.
 */
export function openPack<Head>(bytes: Buffer, seal: Seal): Pack<Head> | undefined {
  if (bytes.length < INDEX_FROM || !isSealed(bytes, seal)) return undefined;
  // From here on all of it is what `writePack` wrote.
  const end = INDEX_FROM + bytes.readUInt32LE(SEALED_FROM);
  const { head, bodies } = JSON.parse(bytes.toString("utf8", INDEX_FROM, end)) as Index;
  const places = new Map<string, Buffer>();
  let at = end;
  for (const [name, size] of bodies) places.set(name, bytes.subarray(at, (at += size)));
  return { head: head as Head, body: (name) => places.get(name) };
}

/**
 * The seal is a MAC and not a digest, since nothing but this host's key says what a pack should hold. GMAC proves a
 * gigabyte in 60 ms where SHA-256 takes more than a second, which is more than V8 takes to load the code in it.
 *
 * @see NIST SP 800-38D, "GMAC": GCM without plaintext. A pack is 2^26 blocks at most, and a nonce is drawn for each.
 */
function isSealed(bytes: Buffer, seal: Seal): boolean {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return false;
  const nonce = bytes.subarray(MAGIC.length, NONCE_END);
  const decipher = createDecipheriv("aes-256-gcm", keyFor(seal), nonce, { authTagLength: TAG_BYTES });
  try {
    decipher.setAAD(bytes.subarray(SEALED_FROM)).setAuthTag(bytes.subarray(NONCE_END, SEALED_FROM)).final();
    return true;
  } catch {
    return false;
  }
}

/** A key of its own for each purpose, so that no pack passes for another. */
const keyFor = ({ key, purpose }: Seal): Buffer => createHmac("sha256", key).update(purpose).digest();
