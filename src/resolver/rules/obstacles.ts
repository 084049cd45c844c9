import type SemVer from "semver/classes/semver.js";

import type { Candidate } from "../../domain/lock.ts";
import { isStable } from "./ranges.ts";
import type { ResolveRequest } from "./request.ts";

/** Why a version that the store holds cannot be chosen, whatever else is. */
export type Obstacle =
  | {
      readonly kind: "host";
      readonly what: "host API" | "Node.js" | "platform";
      readonly needs: string;
      readonly has: string;
    }
  | { readonly kind: "revoked" | "yanked" | "excluded"; readonly reason: string }
  | { readonly kind: "too-young"; readonly published: string | undefined; readonly days: number }
  | { readonly kind: "pre-release" }
  | { readonly kind: "not-locked" };

/** A version with what its judgement takes. */
export interface Judged {
  readonly candidate: Candidate;
  readonly version: SemVer;
  readonly isLocked: boolean;
  readonly allowsPreReleases: boolean;
  /** Whether a range admits the version of a host or of this candidate. */
  readonly admits: (range: string, version: string) => boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The first reason that applies. What is locked may be yanked or young: taking it away now would be the greater change. */
export function obstacleOf(judged: Judged, request: ResolveRequest): Obstacle | undefined {
  const { candidate, version, isLocked, allowsPreReleases } = judged;
  const revoked = request.revoked?.get(candidate.content);
  if (revoked !== undefined) return { kind: "revoked", reason: revoked };
  const misfit = misfitOf(judged, request);
  if (misfit) return misfit;
  const excluded = exclusionOf(judged, request);
  if (excluded !== undefined) return { kind: "excluded", reason: excluded };
  if (request.frozen && !isLocked) return { kind: "not-locked" };
  if (!allowsPreReleases && !isStable(version)) return { kind: "pre-release" };
  if (isLocked) return undefined;
  if (candidate.yanked !== undefined) return { kind: "yanked", reason: candidate.yanked };
  return youthOf(candidate, request);
}

function misfitOf({ candidate, admits }: Judged, { host, policy }: ResolveRequest): Obstacle | undefined {
  const { hostApi, node, platforms } = candidate.manifest;
  if (!admits(hostApi, host.api)) return { kind: "host", what: "host API", needs: hostApi, has: host.api };
  if (!admits(node, host.node)) return { kind: "host", what: "Node.js", needs: node, has: host.node };
  const wanted = policy?.platforms ?? [host.platform];
  const missing = platforms.includes("any")
    ? undefined
    : wanted.find((platform) => !platforms.includes(platform));
  if (missing === undefined) return undefined;
  return { kind: "host", what: "platform", needs: platforms.join(" or "), has: missing };
}

function exclusionOf(
  { candidate: { manifest }, admits }: Judged,
  { policy }: ResolveRequest,
): string | undefined {
  const found = policy?.exclusions?.find(
    ({ plugin, range }) => plugin === manifest.name && admits(range, manifest.version),
  );
  return found && (found.reason ?? "");
}

function youthOf({ published }: Candidate, { policy, today }: ResolveRequest): Obstacle | undefined {
  const days = policy?.minimumAgeDays ?? 0;
  if (days === 0 || today === undefined) return undefined;
  const age = published === undefined ? 0 : (Date.parse(today) - Date.parse(published)) / DAY_MS;
  return age < days ? { kind: "too-young", published, days } : undefined;
}
