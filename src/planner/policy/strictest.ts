import type { PlanPolicy } from "../../domain/plan.ts";
import type { ApprovalRule, CanaryLimits, DeploymentPolicy } from "../../domain/policy.ts";
import type { Role } from "../../domain/trust.ts";

/** For each role as many approvals as any of the policies asks for, in the order in which they name them. */
export function strictestApprovals(policies: readonly DeploymentPolicy[]): readonly ApprovalRule[] {
  const counts = new Map<Role, number>();
  for (const { role, count } of policies.flatMap(({ material }) => material?.approvals ?? [])) {
    counts.set(role, Math.max(counts.get(role) ?? 0, count));
  }
  return [...counts].map(([role, count]) => ({ role, count }));
}

/** Limits that keep within those of every policy. Values in different currencies cannot be compared: the first stands. */
export function strictestCanary(policies: readonly DeploymentPolicy[]): CanaryLimits | undefined {
  const [first, ...others] = policies.flatMap(({ canary }) => canary ?? []);
  return first && others.reduce(stricter, first);
}

function stricter(a: CanaryLimits, b: CanaryLimits): CanaryLimits {
  const least = (name: "instruments" | "orders") => {
    const value = Math.min(a[name] ?? Infinity, b[name] ?? Infinity);
    return value < Infinity && { [name]: value };
  };
  const orderValue = smaller(a.orderValue, b.orderValue);
  const venues =
    a.venues && b.venues ? a.venues.filter((venue) => b.venues?.includes(venue)) : (a.venues ?? b.venues);
  return {
    ...least("instruments"),
    ...least("orders"),
    ...(orderValue !== undefined && { orderValue }),
    ...(venues && { venues }),
    forMs: Math.max(a.forMs, b.forMs),
  };
}

function smaller(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [[amount, currency], [other, otherCurrency]] = [a.split(" "), b.split(" ")];
  return currency === otherCurrency && Number(other) < Number(amount) ? b : a;
}

/** Where a plan asks for less than is required of it, as fields of its policy; empty where it does not. */
export function weakerThan(required: PlanPolicy, policy: PlanPolicy): readonly (keyof PlanPolicy)[] {
  const { material, rules = [], approvals, approvers, canary } = policy;
  const countOf = (role: Role): number => approvals.find((rule) => rule.role === role)?.count ?? 0;
  const isKept = {
    material: required.material.every((plugin) => material.includes(plugin)),
    rules: (required.rules ?? []).every((rule) => rules.includes(rule)),
    approvals: required.approvals.every(({ role, count }) => countOf(role) >= count),
    approvers: approvers >= required.approvers,
    canary: required.canary === undefined || isWithin(canary, required.canary),
  };
  return (Object.keys(isKept) as (keyof typeof isKept)[]).filter((field) => !isKept[field]);
}

/** Limits are within others if those make them no stricter. */
function isWithin(limits: CanaryLimits | undefined, others: CanaryLimits): boolean {
  if (!limits) return false;
  const { instruments, orders, orderValue, venues = [], forMs } = stricter(limits, others);
  return (
    instruments === limits.instruments &&
    orders === limits.orders &&
    orderValue === limits.orderValue &&
    venues.length === (limits.venues ?? []).length &&
    forMs === limits.forMs
  );
}
