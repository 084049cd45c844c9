import type { FacetId } from "../../domain/ids.ts";
import type { Mode } from "../../plugin/define.ts";
import { afterStep, type Degradable, MEASURES, nextSteps, type Step } from "./degradation.ts";
import { shareOf, tightest, type Use } from "./measure.ts";
import { afterSample, type Level, NO_PRESSURE, type Pressure } from "./pressure.ts";

/** What is regulated. */
export interface Regulated {
  /** Every limit, and what is used of it. */
  uses(): readonly Use[];
  /** Facets that serve and can do with less. */
  facets(): readonly Degradable[];
  /** Puts a facet in another mode. Resolves when it is, or has had its time. */
  degrade(facet: FacetId, mode: Mode): Promise<void>;
  /** Gives up caches and what is only kept ready. */
  trim(): void;
}

/** How short of memory the platform is, and what was done about that. */
export interface PressureStatus {
  readonly level: Level;
  /** The limit that decides; absent before the first sample. */
  readonly tightest?: Use;
  /** In the order in which they were taken. */
  readonly degraded: readonly Step[];
}

/** Keeps the use of memory below its limits: measures, and takes the steps that the pressure asks for, or takes them back. */
export class Regulator {
  readonly #regulated: Regulated;
  #pressure: Pressure = NO_PRESSURE;
  #tightest: Use | undefined;
  #entered: readonly Step[] = [];
  #isActing = false;

  constructor(regulated: Regulated) {
    this.#regulated = regulated;
  }

  get status(): PressureStatus {
    return {
      level: this.#pressure.level,
      ...(this.#tightest && { tightest: this.#tightest }),
      degraded: this.#entered,
    };
  }

  /** Whether it is no time to keep what nobody uses. */
  get isShort(): boolean {
    return MEASURES[this.#pressure.level].unloads;
  }

  /** A facet begins anew, with all that it does. */
  forget(facet: FacetId): void {
    this.#entered = this.#entered.filter((step) => step.facet !== facet);
  }

  /** Measures once and acts on it. Does nothing while the steps of an earlier sample are still being taken. */
  async sample(): Promise<void> {
    if (this.#isActing) return;
    this.#isActing = true;
    try {
      this.#tightest = tightest(this.#regulated.uses());
      this.#pressure = afterSample(this.#pressure, this.#tightest ? shareOf(this.#tightest) : 0);
      if (MEASURES[this.#pressure.level].trims) this.#regulated.trim();
      for (const step of nextSteps(this.#entered, this.#regulated.facets(), this.#pressure)) {
        this.#entered = afterStep(this.#entered, step);
        await this.#regulated.degrade(step.facet, step.to);
      }
    } finally {
      this.#isActing = false;
    }
  }
}
