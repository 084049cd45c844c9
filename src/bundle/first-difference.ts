import { MANIFEST_FILE } from "../domain/bundle.ts";

/** The first place at which two sets of files differ. */
export interface FirstDifference {
  readonly file: string;
  /** Counted from 0; the length of the shorter file where one is a beginning of the other. */
  readonly offset: number;
  /** The bytes from there on, as far as they are worth printing; `undefined` for a file that is not there. */
  readonly expected: Buffer | undefined;
  readonly found: Buffer | undefined;
}

/** As many bytes as fit on a line beside a message. */
const EXCERPT_BYTES = 16;

/**
 * Where two bundles come apart; `undefined` if they do not. `plugin.json` is looked at last: it holds the digests of
 * all others, so it differs whenever one of them does.
 */
export function firstDifference(
  expected: ReadonlyMap<string, Buffer>,
  found: ReadonlyMap<string, Buffer>,
): FirstDifference | undefined {
  const names = [...new Set([...expected.keys(), ...found.keys()])].toSorted();
  const inOrder = [...names.filter((name) => name !== MANIFEST_FILE), MANIFEST_FILE];
  for (const file of inOrder) {
    const [a, b] = [expected.get(file), found.get(file)];
    if (a === b || (a && b?.equals(a))) continue;
    const offset = a && b ? lengthOfCommonStart(a, b) : 0;
    const excerpt = (bytes: Buffer | undefined) => bytes?.subarray(offset, offset + EXCERPT_BYTES);
    return { file, offset, expected: excerpt(a), found: excerpt(b) };
  }
  return undefined;
}

function lengthOfCommonStart(a: Buffer, b: Buffer): number {
  const end = Math.min(a.length, b.length);
  const at = a.subarray(0, end).findIndex((byte, i) => byte !== b[i]);
  return at === -1 ? end : at;
}
