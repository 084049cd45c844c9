import { sha256 } from "../../domain/digest.ts";
import { stablePath, type Report } from "./format.ts";

/**
 * One fingerprint for each diagnostic, in order. It stays the same while lines are added above the place;
 * findings that are alike in all else are told apart by their order.
 */
export function fingerprints({ diagnostics, cwd }: Report): string[] {
  const seen = new Map<string, number>();
  return diagnostics.map(({ code, location, pointer, message }) => {
    const file = location ? stablePath(location.file, cwd) : "";
    const key = JSON.stringify([code, file, pointer ?? "", message]);
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return sha256(`${key}${before}`).slice("sha256:".length);
  });
}
