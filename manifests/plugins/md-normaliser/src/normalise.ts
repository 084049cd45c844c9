import { decimal, portError, type MarketUpdate, type PortError, type RawMarketData } from "tradsys/plugin";

/** Base and quote, in any letter case, with one of the separators that venues use. */
const SYMBOL = /^([A-Za-z0-9]+)[-_/]([A-Za-z0-9]+)$/;

/**
 * One form for every venue: `VENUE:BASE/QUOTE`, canonical decimals, microseconds.
 *
 * @throws {PortError} `BAD_RESPONSE` for prices and quantities that are not positive decimals, a bid not below its ask,
 *   a symbol without two assets, and times that are not whole microseconds.
 */
export function normalise(raw: RawMarketData): MarketUpdate {
  const observed = {
    instrument: instrumentOf(raw),
    tsVenueUs: raw.tsVenueUs === null ? null : time(raw.tsVenueUs),
    tsHostUs: time(raw.tsHostUs),
  };
  if (raw.kind === "trade") {
    const { id, side } = raw;
    const trade = { ...observed, id, side, price: positive(raw.price), quantity: positive(raw.quantity) };
    return { type: "trade", trade };
  }
  const quote = {
    ...observed,
    bid: positive(raw.bid),
    bidQuantity: positive(raw.bidQuantity),
    ask: positive(raw.ask),
    askQuantity: positive(raw.askQuantity),
    last: positive(raw.last),
  };
  if (decimal.compare(quote.bid, quote.ask) >= 0) throw bad(`bid ${quote.bid} is not below ask ${quote.ask}`);
  return { type: "quote", quote };
}

function instrumentOf({ venue, symbol }: RawMarketData): string {
  const [, base, quote] = SYMBOL.exec(symbol) ?? [];
  if (base === undefined || quote === undefined) throw bad(`${symbol} is not a pair`);
  return `${venue.toUpperCase()}:${base.toUpperCase()}/${quote.toUpperCase()}`;
}

function positive(text: string): decimal.Decimal {
  if (decimal.isDecimal(text) && decimal.compare(text, "0") > 0) return decimal.normalise(text);
  throw bad(`${JSON.stringify(text)} is not a positive decimal`);
}

function time(us: number): number {
  if (Number.isSafeInteger(us) && us >= 0) return us;
  throw bad(`${us} is not a time`);
}

const bad = (message: string): PortError => portError("BAD_RESPONSE", message);
