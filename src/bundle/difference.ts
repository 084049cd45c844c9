import { MANIFEST_FILE } from "../domain/bundle.ts";
import { byText } from "../domain/by-text.ts";
import { sha256 } from "../domain/digest.ts";
import type { Digest } from "../domain/ids.ts";

/** How a file differs from what was built or signed. */
export type FileDifference =
  | { readonly kind: "missing"; readonly file: string; readonly expected: Digest }
  | { readonly kind: "extra"; readonly file: string; readonly found: Digest }
  | { readonly kind: "changed"; readonly file: string; readonly expected: Digest; readonly found: Digest };

/** What a file should be. */
interface ListedFile {
  readonly sha256: Digest;
  readonly size?: number;
}

/** Every file of a bundle that is not as a list says, in name order. `plugin.json`, which holds one, need not be in it. */
export function differencesIn(
  files: ReadonlyMap<string, Buffer>,
  listed: ReadonlyMap<string, ListedFile>,
): readonly FileDifference[] {
  const wrong = [...listed].flatMap(([file, { sha256: expected, size }]): FileDifference[] => {
    const bytes = files.get(file);
    if (!bytes) return [{ kind: "missing", file, expected }];
    const found = sha256(bytes);
    return (size ?? bytes.length) === bytes.length && expected === found
      ? []
      : [{ kind: "changed", file, expected, found }];
  });
  const extra = [...files]
    .filter(([file]) => file !== MANIFEST_FILE && !listed.has(file))
    .map(([file, bytes]): FileDifference => ({ kind: "extra", file, found: sha256(bytes) }));
  return [...wrong, ...extra].toSorted((a, b) => byText(a.file, b.file));
}

/** One difference in words, with the digests that prove it. */
export function describeDifference(difference: FileDifference): string {
  switch (difference.kind) {
    case "missing":
      return `${difference.file} is missing, expected ${difference.expected}`;
    case "extra":
      return `${difference.file} is extra, found ${difference.found}`;
    case "changed":
      return `${difference.file} is changed, expected ${difference.expected}, found ${difference.found}`;
    default:
      return difference satisfies never;
  }
}
