/** As plugins know them. */
export type Timers = Pick<typeof globalThis, "setTimeout" | "setInterval" | "setImmediate">;

/** Node's own, for code that goes with its thread or process. */
export const nodeTimers: Timers = { setTimeout, setInterval, setImmediate };

type Timer = NodeJS.Timeout | NodeJS.Immediate;

/** Timers that are kept before it is looked through which of them are over. */
const FEW = 64;

/**
 * Timers of one plugin, which end with it: one that still runs would hold all of the plugin's code and data for ever.
 */
export class PluginTimers implements Timers {
  readonly setTimeout: Timers["setTimeout"];
  readonly setInterval: Timers["setInterval"];
  readonly setImmediate: Timers["setImmediate"];
  #timers: Timer[] = [];
  #most = FEW;
  #isEnded = false;

  constructor() {
    this.setTimeout = this.#owning(setTimeout);
    this.setInterval = this.#owning(setInterval);
    this.setImmediate = this.#owning(setImmediate);
  }

  /** Ends those that still run, and each that is set from now on. Returns how many these were. */
  end(): number {
    this.#isEnded = true;
    const running = this.#timers.filter(isRunning);
    running.forEach(clear);
    this.#timers = [];
    return running.length;
  }

  #own(timer: Timer): void {
    if (this.#isEnded) return clear(timer);
    if (this.#timers.push(timer) <= this.#most) return undefined;
    this.#timers = this.#timers.filter(isRunning);
    this.#most = Math.max(FEW, 2 * this.#timers.length);
    return undefined;
  }

  /** The same function, what hangs on it included: `util.promisify` knows timers by that. */
  #owning<F extends (...args: never[]) => Timer>(set: F): F {
    const owning = (...args: Parameters<F>): Timer => {
      const timer = set(...args);
      this.#own(timer);
      return timer;
    };
    return Object.defineProperties(owning, Object.getOwnPropertyDescriptors(set)) as unknown as F;
  }
}

/** Node has no other word for it. Without this one, a timer counts as running until its plugin ends. */
const isRunning = (timer: Timer): boolean => !("_destroyed" in timer && timer._destroyed === true);

/** Of either kind: Node's timers know how they are ended. */
const clear = (timer: Timer): void => timer[Symbol.dispose]();
