import { portError, type PortErrorCode } from "./errors.ts";

export interface Deadline {
  /** Longest wait, in milliseconds. */
  readonly ms: number;
  /** What the work is called in the error's message. */
  readonly what: string;
  /** `TIMEOUT` unless told otherwise. */
  readonly code?: PortErrorCode;
}

/** The work's result, or an error once the deadline has passed. The work itself goes on: its late result is dropped. */
export async function within<T>(work: Promise<T>, { ms, what, code = "TIMEOUT" }: Deadline): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(portError(code, `${what} did not answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
