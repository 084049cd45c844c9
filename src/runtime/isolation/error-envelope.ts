import { CODES, type ErrorCode } from "../../domain/codes.ts";
import type { Diagnostic } from "../../domain/diagnostic.ts";
import { TradsysError } from "../../domain/errors.ts";

/**
 * An error on its way to another thread or process. Structured clone alone would lose its name, its code and the
 * errors of an aggregate.
 */
export type ErrorEnvelope =
  | {
      readonly name: string;
      readonly message: string;
      readonly stack?: string;
      /** Own members: code, outcome, retryable, plugin, facet, and what else the error carries and can be cloned. */
      readonly members: Readonly<Record<string, unknown>>;
      readonly cause?: ErrorEnvelope;
      readonly errors?: readonly ErrorEnvelope[];
    }
  /** Something that is not an error was thrown. */
  | { readonly thrown: unknown };

/** Levels of causes that travel; what lies deeper is cut off, and so are circles. */
const MAX_DEPTH = 8;
const MAX_ERRORS = 100;

const NATIVE: ReadonlyMap<string, new (message: string) => Error> = new Map(
  [TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((native) => [
    native.name,
    native,
  ]),
);

/** Never fails, whatever was thrown. */
export function toEnvelope(error: unknown): ErrorEnvelope {
  try {
    return envelop(error, 0);
  } catch {
    return { thrown: "an error that cannot be read" };
  }
}

function envelop(error: unknown, depth: number): ErrorEnvelope {
  if (!Error.isError(error)) return { thrown: isCloneable(error) ? error : String(error) };
  const { name, message, stack, cause } = error;
  const isDeep = depth >= MAX_DEPTH;
  return {
    name,
    message,
    ...(typeof stack === "string" && { stack }),
    members: membersOf(error),
    ...(cause !== undefined && !isDeep && { cause: envelop(cause, depth + 1) }),
    ...(error instanceof AggregateError &&
      !isDeep && { errors: error.errors.slice(0, MAX_ERRORS).map((each) => envelop(each, depth + 1)) }),
  };
}

/** The error again, of a native class where it had one. What the other side sent is not trusted to be an envelope. */
export function fromEnvelope(sent: unknown, depth = 0): unknown {
  if (!isRecord(sent) || depth > MAX_DEPTH) return new Error("an error that could not be read");
  if ("thrown" in sent) return sent["thrown"];
  const { name, message, stack, members, cause, errors } = sent;
  const error = revive(String(name), String(message), {
    members: isRecord(members) ? members : {},
    errors: Array.isArray(errors) ? errors.map((each: unknown) => fromEnvelope(each, depth + 1)) : undefined,
  });
  hide(error, "stack", typeof stack === "string" ? stack : `${String(name)}: ${String(message)}`);
  if (cause !== undefined) hide(error, "cause", fromEnvelope(cause, depth + 1));
  return error;
}

interface Parts {
  readonly members: Readonly<Record<string, unknown>>;
  readonly errors: readonly unknown[] | undefined;
}

function revive(name: string, message: string, { members, errors }: Parts): Error {
  const { code, diagnostics } = members;
  if (name === "TradsysError" && isErrorCode(code)) {
    return new TradsysError(code, message, {
      diagnostics: Array.isArray(diagnostics) ? diagnostics.flatMap(asDiagnostic) : [],
    });
  }
  const Native = NATIVE.get(name) ?? Error;
  const error = errors ? new AggregateError(errors, message) : new Native(message);
  if (error.name !== name) hide(error, "name", name);
  return Object.defineProperties(error, Object.getOwnPropertyDescriptors(members));
}

/** What a finding must have for it to be printed, and its hint. */
function asDiagnostic(sent: unknown): Diagnostic[] {
  if (!isRecord(sent)) return [];
  const { code, message, hint } = sent;
  if (!isErrorCode(code) || typeof message !== "string") return [];
  return [{ code, severity: "error", message, ...(typeof hint === "string" && { hint }) }];
}

const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === "string" && Object.hasOwn(CODES, code);

/** As the engine itself defines what belongs to every error: there, and not listed. */
const hide = (error: Error, key: string, value: unknown): void =>
  void Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });

function membersOf(error: Error): Readonly<Record<string, unknown>> {
  const entries = Object.entries(error).filter(
    ([key, value]) => !OF_EVERY_ERROR.has(key) && isCloneable(value),
  );
  return Object.fromEntries(entries);
}

const OF_EVERY_ERROR = new Set(["name", "message", "stack", "cause", "errors"]);

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
