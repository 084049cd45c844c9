import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";

import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";

/** A public key that signatures can be checked with: Ed25519, or ECDSA over P-256. */
export interface PublicKey {
  /** SHA-256 of the key's DER SubjectPublicKeyInfo. One key has one id, however it was written. */
  readonly id: Digest;
  readonly key: KeyObject;
}

/** Whatever can sign: a key in memory, a key service, a smart card. */
export interface Signer {
  readonly publicKey: PublicKey;
  /** Ed25519, or ECDSA with SHA-256 in DER form, over these bytes. */
  sign(bytes: Uint8Array): Promise<Buffer>;
}

interface KeyPair {
  /** PKCS#8; encrypted where there is a passphrase. */
  readonly privatePem: string;
  /** SubjectPublicKeyInfo. */
  readonly publicPem: string;
  readonly keyId: Digest;
}

export const KEY_ALGORITHMS = ["ed25519", "p256"] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

interface KeyWish {
  /** Defaults to Ed25519. */
  readonly algorithm?: KeyAlgorithm;
  readonly passphrase?: string | undefined;
}

/** Makes a new key pair. The only random part of signing, but for the signatures of P-256 keys. */
export function generateKey({ algorithm = "ed25519", passphrase }: KeyWish = {}): KeyPair {
  const { publicKey, privateKey } =
    algorithm === "p256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("ed25519");
  const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem", ...encryption }).toString(),
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    keyId: publicKeyOf(publicKey).id,
  };
}

/** Exactly one public key. A private key would be accepted by Node too, and must never lie in a trust policy. */
const PUBLIC_PEM = /^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/;

/** Reads a public key in PEM. @throws {TradsysError} `KEY_INVALID` */
export function readPublicKey(pem: string): PublicKey {
  if (!PUBLIC_PEM.test(pem)) throw invalidKey("it is not one public key in PEM");
  try {
    return publicKeyOf(createPublicKey(pem));
  } catch (cause) {
    throw cause instanceof TradsysError ? cause : invalidKey("it cannot be read", cause);
  }
}

/**
 * A signer over a private key in PEM (PKCS#8).
 *
 * @throws {TradsysError} `KEY_LOCKED` without the right passphrase, `KEY_INVALID` for anything else.
 */
export function localSigner(privatePem: string, passphrase?: string): Signer {
  const key = unlock(privatePem, passphrase);
  const publicKey = publicKeyOf(key);
  return { publicKey, sign: async (bytes) => sign(algorithmOf(publicKey.key), bytes, key) };
}

/** True if this key made this signature over these bytes. Never throws for a malformed signature. */
export const verifies = ({ key }: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean =>
  verify(algorithmOf(key), bytes, key, signature);

function unlock(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    if (!pem.includes("ENCRYPTED")) throw invalidKey("it is not a private key in PEM", cause);
    const message =
      passphrase === undefined
        ? "the private key is encrypted, and no passphrase was given"
        : "the private key does not open with this passphrase";
    throw new TradsysError("KEY_LOCKED", message, { cause });
  }
}

/** What kind of key it is. */
export const algorithmName = ({ key }: PublicKey): KeyAlgorithm =>
  key.asymmetricKeyType === "ec" ? "p256" : "ed25519";

/** Takes the public half, in one form: SPKI has two for a point of P-256, which would make two ids of one key. */
function publicKeyOf(key: KeyObject): PublicKey {
  const jwk = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" });
  if (jwk.crv !== "Ed25519" && jwk.crv !== "P-256") {
    throw invalidKey(`it is of type ${key.asymmetricKeyType}`);
  }
  const normal = createPublicKey({ key: jwk, format: "jwk" });
  return { id: sha256(normal.export({ type: "spki", format: "der" })), key: normal };
}

/** Node's name of the digest: Ed25519 has its own. */
const algorithmOf = (key: KeyObject): string | null => (key.asymmetricKeyType === "ec" ? "sha256" : null);

const invalidKey = (reason: string, cause?: unknown): TradsysError =>
  new TradsysError("KEY_INVALID", `the key cannot be used: ${reason}`, {
    cause,
    hint: "Use an Ed25519 or P-256 key, for example one made by `tradsys keys generate`.",
  });
