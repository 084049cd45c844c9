import { portError } from "../../plugin/errors.ts";

interface Invocation {
  readonly target: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/**
 * Calls a method of a port by name.
 *
 * @throws {PortError} `CONTRACT_VIOLATION` where there is no such port or method.
 */
export function invoke(port: object | undefined, { target, method, args }: Invocation): unknown {
  const member: unknown = port && Reflect.get(port, method);
  if (typeof member === "function") return Reflect.apply(member, port, args);
  throw portError("CONTRACT_VIOLATION", `${target} has no method ${method}`, { outcome: "not-sent" });
}
