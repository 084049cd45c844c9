import { type BundleLimits, MANIFEST_FILE } from "../domain/bundle.ts";
import { err, ok, type Result } from "../domain/result.ts";

const BLOCK = 512;
const ZEROS = Buffer.alloc(2 * BLOCK);

/**
 * ASCII letters, digits, `_`, `-` and `.`, so that no file is hidden, leads upwards or looks like an option. Windows
 * drops final dots, and takes some names for devices whatever their extension.
 */
const PATH_PART = /^(?!(?:aux|con|nul|prn|com\d|lpt\d)(?:\.|$))\w(?:[\w.-]*[\w-])?$/i;
/** Bytes; one less than its field has, so that every reader finds the NUL after it. */
const MAX_NAME = 99;

/** Header fields: name, first byte, byte after the last. The checksum follows from the others and is told last. */
const FIELDS = [
  ["name", 0, 100],
  ["mode", 100, 108],
  ["owner id", 108, 116],
  ["group id", 116, 124],
  ["size", 124, 136],
  ["time", 136, 148],
  ["type", 156, 157],
  ["link name", 157, 257],
  ["magic", 257, 265],
  ["owner name", 265, 297],
  ["group name", 297, 329],
  ["device number", 329, 345],
  ["name prefix", 345, 500],
  ["reserved part", 500, 512],
  ["checksum", 148, 156],
] as const;

interface Entry {
  readonly name: string;
  readonly body: Buffer;
  /** Offset of what follows. */
  readonly end: number;
}

/**
 * Reads the one form of tar that bundles have: regular files with normalised headers, `plugin.json` first, then
 * in byte order, two zero blocks and nothing after. Links, folders, PAX and GNU entries have no such header.
 *
 * @returns The files by name, as views into `tar`; or which entry is refused, and why.
 * @see POSIX.1-1988 ustar. Numbers are zero-padded octal, a space and a NUL, as npm's `tar` writes them.
 */
export function readArchive(tar: Buffer, limits: BundleLimits): Result<ReadonlyMap<string, Buffer>, string> {
  if (tar.length > limits.unpackedBytes) {
    return err(`it holds ${tar.length} bytes, the limit is ${limits.unpackedBytes}`);
  }
  const files = new Map<string, Buffer>();
  const tree = new Map<string, string>();
  let previous = "";
  let offset = 0;
  while (!isZero(tar.subarray(offset, offset + BLOCK))) {
    const entry = readEntry(tar, offset);
    if (!entry.ok) return entry;
    const { name, body, end } = entry.value;

    if (files.size === 0 && name !== MANIFEST_FILE) {
      return err(`its first file is ${name}, not ${MANIFEST_FILE}`);
    }
    const rival = plant(name, tree);
    if (rival !== undefined) return err(`${name}: it cannot stand beside ${rival}`);
    if (name < previous) return err(`${name}: it comes after ${previous}, out of order`);
    if (files.size === limits.files) return err(`it holds more than ${limits.files} files`);

    files.set(name, body);
    if (name !== MANIFEST_FILE) previous = name;
    offset = end;
  }
  if (files.size === 0) return err(`it holds no ${MANIFEST_FILE}`);
  if (!tar.subarray(offset).equals(ZEROS)) return err("it does not end after two zero blocks");
  return ok(files);
}

/** True for a file name that a bundle may hold: a relative path of plain parts. */
export const isFileName = (name: string): boolean =>
  name.length <= MAX_NAME && name.split("/").every((part) => PATH_PART.test(part));

/**
 * Takes a name and its folders into a tree, where each path stands under its lower-case form.
 *
 * @returns What cannot stand beside it on every file system: the same name but for case, or a file where the other
 *   has a folder.
 */
function plant(name: string, tree: Map<string, string>): string | undefined {
  for (let end = name.indexOf("/"); ; end = name.indexOf("/", end + 1)) {
    const isFolder = end !== -1;
    const path = isFolder ? name.slice(0, end + 1) : name;
    const key = path.toLowerCase().replace(/\/$/, "");
    const other = tree.get(key);
    if (other !== undefined && !(isFolder && other === path)) return other;
    tree.set(key, path);
    if (!isFolder) return undefined;
  }
}

/**
 * Takes only the name and the size from a header and compares all of it with the header that these two must have.
 * No other field is ever interpreted, so none can be understood in two ways.
 */
function readEntry(tar: Buffer, offset: number): Result<Entry, string> {
  const header = tar.subarray(offset, offset + BLOCK);
  if (header.length < BLOCK) return err(`it is cut off at byte ${tar.length}`);

  const name = header.toString("latin1", 0, 100).replace(/\0.*$/s, "");
  if (!isFileName(name)) return err(`${JSON.stringify(name)} is not a file name that a bundle may hold`);

  const size = Number.parseInt(header.toString("latin1", 124, 134), 8);
  const expected = headerOf(name, Number.isNaN(size) ? 0 : size);
  const wrong = FIELDS.find(([, from, to]) => !header.subarray(from, to).equals(expected.subarray(from, to)));
  if (wrong) return err(`${name}: the ${wrong[0]} in its header is not the one that bundles have`);

  const start = offset + BLOCK;
  const end = start + Math.ceil(size / BLOCK) * BLOCK;
  if (end > tar.length) return err(`${name}: it is cut off at byte ${tar.length}`);
  if (!isZero(tar.subarray(start + size, end))) return err(`${name}: its padding is not zero`);
  return ok({ name, body: tar.subarray(start, start + size), end });
}

function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  header.write("        0", 148);
  header.write("ustar\u000000", 257);
  header.write(octal(0, 8), 329);
  header.write(octal(0, 8), 337);
  // The checksum is taken with its own field full of spaces, as written above.
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte),
      8,
    ),
    148,
  );
  return header;
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 2, "0")} \0`;

const isZero = (bytes: Buffer): boolean => bytes.equals(ZEROS.subarray(0, bytes.length));
