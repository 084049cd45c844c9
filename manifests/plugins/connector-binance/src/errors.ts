import { isPortError, portError, type Outcome, type PortError, type PortErrorCode } from "tradsys/plugin";

/**
 * What ccxt's errors mean, first match wins. Matched against `<class>: <message>`, because ccxt's classes alone
 * mislead: a wrong key after an earlier success is a `DDoSProtection`, and a duplicate order a plain `InvalidOrder`.
 */
const MEANINGS: readonly (readonly [RegExp, PortErrorCode, Outcome, retryable?: true])[] = [
  [/"code":-(1022|2014|2015)\b|^AuthenticationError/, "AUTH_INVALID", "rejected"],
  [/^(PermissionDenied|AccountNotEnabled|AccountSuspended)/, "AUTH_PERMISSION", "rejected"],
  [/^DDoSProtection: \w+ 418\b/, "IP_BANNED", "rejected"],
  [/^(DDoSProtection|RateLimitExceeded)/, "RATE_LIMITED", "rejected", true],
  [/^InvalidNonce/, "CLOCK_SKEW", "rejected", true],
  [/^InsufficientFunds/, "INSUFFICIENT_FUNDS", "rejected"],
  [/Duplicate order sent|^DuplicateOrderId/, "DUPLICATE_CLIENT_ID", "rejected"],
  [/^OrderNotFound/, "ORDER_NOT_FOUND", "rejected"],
  [/PERCENT_PRICE/, "FILTER_PERCENT_PRICE", "rejected"],
  [/PRICE_FILTER/, "FILTER_PRICE", "rejected"],
  [/LOT_SIZE/, "FILTER_LOT", "rejected"],
  [/NOTIONAL/, "FILTER_NOTIONAL", "rejected"],
  [/^BadSymbol/, "INSTRUMENT_UNKNOWN", "rejected"],
  [/^MarketClosed/, "MARKET_CLOSED", "rejected", true],
  [/^OnMaintenance/, "MAINTENANCE", "rejected", true],
  [/^NotSupported/, "UNSUPPORTED", "not-sent"],
  [/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH/, "NETWORK_UNREACHABLE", "not-sent", true],
  [/^RequestTimeout/, "TIMEOUT", "unknown"],
  [/^(ExchangeNotAvailable|OperationFailed)/, "VENUE_UNAVAILABLE", "unknown"],
  [/^NetworkError/, "CONNECTION_LOST", "unknown"],
];

/** Translates whatever ccxt throws. What nobody foresaw may have happened after the request went out. */
function fromCcxt(error: unknown): PortError {
  if (isPortError(error)) return error;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const [, code, outcome, retryable] = MEANINGS.find(([pattern]) => pattern.test(text)) ?? UNFORESEEN;
  return portError(code, text, { outcome, retryable: retryable ?? false, cause: error });
}

const UNFORESEEN: (typeof MEANINGS)[number] = [/^/, "BAD_RESPONSE", "unknown"];

/** Runs a call to the venue. */
export async function calling<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fromCcxt(error);
  }
}
