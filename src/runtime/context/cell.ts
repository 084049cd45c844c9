import type { CallScope } from "../../plugin/define.ts";
import { NO_FACTS, type CallFacts } from "./facts.ts";
import { Scope } from "./scope.ts";
import { formatTraceparent } from "./traceparent.ts";
import { encodeContext } from "./wire.ts";

/** The plugin that contexts are entered for, or the host itself. */
export class Home {
  /** `<name>@<version>`; `undefined` for the host. */
  readonly plugin: string | undefined;
  #onLeak: ((stack: string) => void) | undefined;

  constructor(plugin?: string, onLeak?: (stack: string) => void) {
    this.plugin = plugin;
    this.#onLeak = onLeak;
  }

  /** Something still uses a context whose call has ended. Told once: it is one mistake, however often it runs. */
  leaked(): void {
    const tell = this.#onLeak;
    this.#onLeak = undefined;
    tell?.(new Error("used here").stack ?? "");
  }
}

/** What a cell has of the one that it is made from. */
interface Inherited {
  readonly facts?: CallFacts;
  readonly scope?: Scope | undefined;
  readonly foreign?: unknown;
}

/** All that is known about the running call. Never changes; what is called from here gets a cell of its own. */
export class Cell implements CallScope {
  readonly home: Home;
  readonly facts: CallFacts;
  /** Who waits, and for how long. None where nobody does: work that a plugin began by itself. */
  readonly scope: Scope | undefined;
  /** A context of the host's own telemetry, which travels along within the process. */
  readonly foreign: unknown;
  #children: Map<Home, Cell> | undefined;
  #wire: string | undefined;

  constructor(home: Home, inherited: Inherited = {}) {
    this.home = home;
    this.facts = inherited.facts ?? NO_FACTS;
    this.scope = inherited.scope;
    this.foreign = inherited.foreign;
  }

  /** The same call, in a plugin that it reaches; made once for each. */
  in(home: Home): Cell {
    if (home === this.home) return this;
    const known = this.#children?.get(home);
    if (known) return known;
    const child = new Cell(home, this);
    (this.#children ??= new Map()).set(home, child);
    return child;
  }

  /** What goes along with a call to another thread or process, if there is anything to say. */
  get wire(): string | undefined {
    if (this.#wire !== undefined || (this.facts === NO_FACTS && !this.scope)) return this.#wire;
    this.#wire = encodeContext({ facts: this.facts, deadline: this.scope?.deadline ?? Infinity });
    return this.#wire;
  }

  get signal(): AbortSignal {
    return (this.scope ?? new Scope()).signal;
  }

  get remainingMs(): number {
    return this.scope?.remainingMs ?? Infinity;
  }

  get traceparent(): string | undefined {
    return this.facts.trace && formatTraceparent(this.facts.trace);
  }

  get priority(): number {
    return this.facts.priority;
  }

  get actor(): string {
    return this.facts.actor;
  }

  get correlation(): string {
    return this.facts.correlation;
  }
}
