/** Where a call belongs in a distributed trace. Ids are 32-bit words: four of the trace, two of the parent span. */
export interface Trace {
  readonly words: readonly number[];
  /** Bit 0: sampled. Bit 1: the trace id is random. */
  readonly flags: number;
}

const KNOWN_FLAGS = 0b11;

const TRACEPARENT =
  /^(?<version>[0-9a-f]{2})-(?<trace>[0-9a-f]{32})-(?<span>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?<rest>-.*)?$/;

/**
 * Reads a `traceparent` header. What is malformed answers `undefined`: a trace that cannot be continued is begun anew.
 * A version that is not known is read as far as it is as long as version 00.
 *
 * @see W3C Trace Context Level 2, section 3.2 "Traceparent Header".
 */
export function parseTraceparent(header: string): Trace | undefined {
  const { version, trace, span, flags, rest } = TRACEPARENT.exec(header)?.groups ?? {};
  if (version === undefined || version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  return traceOf(`${trace}`, `${span}`, Number.parseInt(`${flags}`, 16));
}

/** @returns `undefined` where an id is all zeros, which means that there is none. */
export function traceOf(traceId: string, spanId: string, flags: number): Trace | undefined {
  const words = `${traceId}${spanId}`.match(/.{8}/g)?.map((word) => Number.parseInt(word, 16)) ?? [];
  if (words.length !== 6 || words.some(Number.isNaN)) return undefined;
  if (words.slice(0, 4).every((word) => word === 0) || words.slice(4).every((word) => word === 0))
    return undefined;
  return { words, flags: flags & KNOWN_FLAGS };
}

/** The ids in lower-case hexadecimal. */
export function idsOf({ words }: Trace): { readonly traceId: string; readonly spanId: string } {
  const hex = words.map((word) => word.toString(16).padStart(8, "0")).join("");
  return { traceId: hex.slice(0, 32), spanId: hex.slice(32) };
}

/** Always version 00. Flags that have no meaning yet are sent as zero, as the specification asks. */
export function formatTraceparent(trace: Trace): string {
  const { traceId, spanId } = idsOf(trace);
  return `00-${traceId}-${spanId}-${trace.flags.toString(16).padStart(2, "0")}`;
}
