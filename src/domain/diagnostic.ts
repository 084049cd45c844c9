import type { ErrorCode } from "./codes.ts";

/** A place in a text file. Lines and columns are counted from 1; columns count UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where a diagnostic points. `end` is exclusive. */
export interface Location {
  readonly file: string;
  readonly start?: Position;
  readonly end?: Position;
}

/** One thing that is wrong, or worth knowing, told the same way by every stage and printed by one renderer. */
export interface Diagnostic {
  readonly code: ErrorCode;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly location?: Location;
  /** JSON pointer of the value in its document (RFC 6901). */
  readonly pointer?: string;
  /** What would have been right, and what is there, where that can be said in a few words. */
  readonly expected?: string;
  readonly found?: string;
  /** Other places that belong to it, each with what stands there: a contradiction has two. */
  readonly related?: readonly { readonly message: string; readonly location: Location }[];
  /** What the reader can do next, in one sentence. */
  readonly hint?: string;
  /** What should stand at the location instead, where there is one right answer. */
  readonly meant?: string;
}

/** A suggestion, for people and for programs that mend what they find. */
export const didYouMean = (meant: string) => ({ meant, hint: `Did you mean \`${meant}\`?` });

/** Where a code is explained: an anchor in the page that `schemas/diagnostics.md` holds. */
export const docsOf = (code: ErrorCode): string => `https://tradsys.dev/diagnostics#${code.toLowerCase()}`;
