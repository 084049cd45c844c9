import type { ErrorCode } from "./codes.ts";
import type { Diagnostic } from "./diagnostic.ts";

interface ErrorDetails extends Pick<Diagnostic, "hint" | "meant" | "location"> {
  /** The lower-level failure, kept whole so that `--verbose` can print it. */
  readonly cause?: unknown;
  /** The findings that add up to this failure, when there are several. */
  readonly diagnostics?: readonly Diagnostic[];
}

/** A failure meant for a person. Any other exception that reaches a command's end is a bug. */
export class TradsysError extends Error {
  override readonly name = "TradsysError";
  readonly code: ErrorCode;
  /** What to print: the findings where there are several, else this failure itself. Never empty. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    const { cause: _, diagnostics = [], ...told } = details;
    this.diagnostics = diagnostics.length > 0 ? diagnostics : [{ code, severity: "error", message, ...told }];
  }
}

/** The failure that a list of findings amounts to, headed by its first error. */
export function failWith(diagnostics: readonly Diagnostic[]): TradsysError {
  const first = diagnostics.find((d) => d.severity === "error");
  if (!first) throw new TypeError("failWith needs at least one error");
  return new TradsysError(first.code, first.message, { diagnostics });
}

/** True for Node's file system errors with this code, for example `ENOENT`. */
export function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** True for a failure of ours with this code. */
export const isCode = (error: unknown, code: ErrorCode): boolean =>
  error instanceof TradsysError && error.code === code;

/** What something that was thrown says, whatever it is. */
export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
