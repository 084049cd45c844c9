import type { FacetId } from "../../domain/ids.ts";

/** What a plugin or one of its facets spends its start with. */
export type Phase = "compile" | "evaluate" | "activate" | "start";

/** A stretch of time of one plugin or facet. Milliseconds since the start began. */
export interface Span {
  readonly phase: Phase;
  readonly plugin: string;
  /** Absent where it is work for the whole plugin. */
  readonly facet?: FacetId;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Writes down when what was done. */
export class Timeline {
  readonly #began: number;
  readonly #spans: Span[] = [];

  /** @param began What `performance.now()` said when the start began. */
  constructor(began: number) {
    this.#began = began;
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** Milliseconds since the start began. */
  now(): number {
    return performance.now() - this.#began;
  }

  /** Notes what began at `fromMs` and ends now. */
  note(span: Omit<Span, "toMs">): void {
    this.#spans.push({ ...span, toMs: this.now() });
  }
}
