import { decimal, portError, type PortError } from "tradsys/plugin";

/** Reading the venue's messages: nothing is believed before it is looked at, and amounts stay text. */

/** A member as text: ids arrive as numbers, amounts as strings. */
export function text(message: unknown, member: string): string {
  const value = read(message, member);
  if (typeof value === "string" || Number.isSafeInteger(value)) return String(value);
  throw malformed(member);
}

export const amount = (message: unknown, member: string): decimal.Decimal =>
  decimal.normalise(text(message, member));

/** The venue counts milliseconds, ports count microseconds. */
export const microseconds = (message: unknown, member: string): number =>
  Number(text(message, member)) * 1000;

/** A member that is a list, or the message itself where no member is named. */
export function list(message: unknown, member?: string): readonly unknown[] {
  const value = member === undefined ? message : read(message, member);
  if (Array.isArray(value)) return value;
  throw malformed(member ?? "list");
}

export const read = (message: unknown, member: string): unknown =>
  message instanceof Object ? (message as Record<string, unknown>)[member] : undefined;

/** Unknown, because an answer that cannot be read may follow an order that was placed. */
const malformed = (member: string): PortError =>
  portError("BAD_RESPONSE", `the venue's message has no ${member}`, { outcome: "unknown" });
