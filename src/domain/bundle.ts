import type { Digest } from "./ids.ts";
import type { Manifest } from "./manifest.ts";

/** What a bundle was made with, so that the same inputs can be built again and compared. */
export interface BuildRecord {
  readonly esbuild: string;
  /** SHA-256 of the canonical JSON of the build options. */
  readonly options: Digest;
  /** SHA-256 over the path and digest of every file that went in. */
  readonly inputs: Digest;
}

/** `plugin.json` of a bundle: the manifest, plus every other file by digest. */
export interface BundleManifest extends Manifest {
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: Digest }>>;
  readonly build: BuildRecord;
}

/** Sizes that a bundle may not pass; checked before memory is spent on it. */
export interface BundleLimits {
  /** Bytes of the compressed bundle. */
  readonly packedBytes: number;
  /** Bytes of the uncompressed archive. */
  readonly unpackedBytes: number;
  readonly files: number;
  /** Uncompressed over compressed size. */
  readonly ratio: number;
}

/** What holds everywhere. A trust policy may ask for less, never for more. */
export const BUNDLE_LIMITS: BundleLimits = {
  packedBytes: 32 * 1024 * 1024,
  unpackedBytes: 64 * 1024 * 1024,
  files: 2000,
  ratio: 200,
};

/** A bundle read from one buffer, all of its digests checked. */
export interface OpenBundle {
  readonly manifest: BundleManifest;
  /** Every file by its path in the bundle. Views into one buffer: the bytes verified are the bytes used. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** SHA-256 of the uncompressed archive: the bundle's identity. */
  readonly content: Digest;
  /** SHA-256 of the compressed file: how it travels. */
  readonly blob: Digest;
}

/** The file of a bundle that holds its manifest. */
export const MANIFEST_FILE = "plugin.json";
/** The file of a bundle that holds its code. */
export const CODE_FILE = "dist/plugin.js";

/**
 * What stands before a bundle's code on its first line when it is compiled. Timers are handed in, so that they have an
 * owner; from outside, so that code may still declare the names for itself. In parentheses V8 compiles both at once.
 */
export const FUNCTION_HEAD =
  "(function (setTimeout, setInterval, setImmediate) { return (function (exports, require, module) {";
const HEAD = Buffer.from(FUNCTION_HEAD);
const TAIL = Buffer.from("\n})})");

/** A bundle's code in the form in which it is kept and compiled: one function. */
export const asFunction = (code: Buffer): Buffer => Buffer.concat([HEAD, code, TAIL]);
