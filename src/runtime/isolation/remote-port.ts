import { portProxy } from "../ports.ts";
import { isSubscription } from "../subscription.ts";
import type { Peer } from "./peer.ts";

/** Stands for a port at the other end of a connection. Every member is a method; the other end says if it has it. */
export function remotePort(peer: Peer, target: string): object {
  const methods = new Map<string, (...args: unknown[]) => unknown>();
  return portProxy((name) => {
    const known = methods.get(name);
    if (known) return known;
    const method = isSubscription(name)
      ? (...args: unknown[]) => peer.subscribe(target, name, args)
      : (...args: unknown[]) => peer.call(target, name, args);
    methods.set(name, method);
    return method;
  });
}
