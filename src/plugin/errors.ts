/**
 * Every code that may cross a port. Codes are public: add freely, never rename. Some are raised by venues and
 * their connectors, some by risk, some by the host.
 */
export type PortErrorCode =
  | "AUTH_INVALID"
  | "AUTH_PERMISSION"
  | "AUTH_IP"
  | "RATE_LIMITED"
  | "IP_BANNED"
  | "CLOCK_SKEW"
  | "NETWORK_UNREACHABLE"
  | "TIMEOUT"
  | "CONNECTION_LOST"
  | "VENUE_UNAVAILABLE"
  | "MAINTENANCE"
  | "BAD_RESPONSE"
  | "INSUFFICIENT_FUNDS"
  | "DUPLICATE_CLIENT_ID"
  | "DUPLICATE_ID_MISMATCH"
  | "ORDER_NOT_FOUND"
  | "FILTER_PRICE"
  | "FILTER_LOT"
  | "FILTER_NOTIONAL"
  | "FILTER_PERCENT_PRICE"
  | "WOULD_TRADE"
  | "NOT_REDUCING"
  | "STP_EXPIRED"
  | "INSTRUMENT_UNKNOWN"
  | "MARKET_CLOSED"
  | "INSTRUMENT_HALTED"
  | "UNSUPPORTED"
  | "RISK_DENIED"
  | "RISK_UNAVAILABLE"
  | "RISK_STALE"
  /** A hard limit was breached: only reducing orders pass until a second person has reset it. */
  | "RISK_BREACHED"
  | "TRADING_HALTED"
  | "TRADING_REDUCING"
  | "DRAINING"
  | "RECONCILING"
  | "CONTRACT_VIOLATION"
  /** The caller gave up. */
  | "CANCELLED"
  /** Too many calls wait for one plugin already. */
  | "OVERLOADED"
  /** The provider failed several times in a row, and is left alone for a while. */
  | "UNAVAILABLE"
  /** The plugin that was asked has ended, or no longer answers and was ended. */
  | "PLUGIN_CRASHED"
  | "PLUGIN_TIMEOUT"
  | "PLUGIN_STOPPED";

/**
 * What became of an order that a call tried to change. `unknown`: the venue may or may not have acted, so ask it
 * before anything is sent again. `n/a`: the call was not about an order.
 */
export type Outcome = "not-sent" | "rejected" | "unknown" | "n/a";

/** An error that crosses ports. Recognise it by `code`: classes differ between bundles, codes do not. */
export interface PortError extends Error {
  readonly code: PortErrorCode;
  readonly outcome: Outcome;
  /** The same call may be made again later. Never true where the outcome is unknown. */
  readonly retryable: boolean;
}

interface PortErrorDetails {
  readonly outcome?: Outcome;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** Makes an error for a caller in another plugin. The message is for people and holds no secret. */
export function portError(code: PortErrorCode, message: string, details: PortErrorDetails = {}): PortError {
  const { outcome = "n/a", retryable = false, cause } = details;
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  return Object.assign(error, { code, outcome, retryable: retryable && outcome !== "unknown" });
}

/** True for what `portError` makes, whichever bundle made it. */
export function isPortError(error: unknown): error is PortError {
  if (!(error instanceof Object)) return false;
  return "code" in error && typeof error.code === "string" && "outcome" in error && "retryable" in error;
}
