import { portError, type Bound, type Calendar, type MarketPhase, type PhaseUntil } from "tradsys/plugin";

/** The phase of every market that a calendar covers, asked for once a phase. */
export class Phases {
  readonly #calendars = new Map<string, Calendar>();
  readonly #known = new Map<string, PhaseUntil>();

  async open(calendars: readonly Bound<Calendar>[]): Promise<void> {
    for (const { port } of calendars) {
      for (const market of await port.markets()) this.#calendars.set(market, port);
    }
  }

  /** Asks the calendar where what is known has run out. Nothing to wait for in nearly every case. */
  async refresh(market: string, nowUs: number): Promise<void> {
    const calendar = this.#calendars.get(market);
    if (calendar) this.#known.set(market, await calendar.phaseAt(market, nowUs));
  }

  isCurrent(market: string, nowUs: number): boolean {
    return !this.#calendars.has(market) || (this.#known.get(market)?.untilUs ?? 0) > nowUs;
  }

  /** Null where no calendar covers the market. */
  now(market: string, nowUs: number): MarketPhase | null {
    if (!this.#calendars.has(market)) return null;
    const known = this.#known.get(market);
    if (known && known.untilUs > nowUs) return known.phase;
    throw portError("RISK_STALE", `nobody knows what phase ${market} is in`);
  }
}
