import type { Diagnostic } from "../../domain/diagnostic.ts";
import { allScopes, applied, type Hierarchy, type Scope } from "../layers/scope.ts";
import { contradiction, ownSide, settingSide } from "./contradiction.ts";

/** Settings that make sense only together, in every scope that states one of them. */
export const checkInheritance = (hierarchy: Hierarchy): Diagnostic[] => {
  const scopes = allScopes(hierarchy);
  return [
    ...scopes.flatMap(idleOutlivesItsScope),
    ...scopes.flatMap(backpressureOverQueue),
    ...priorityOrders(scopes),
  ];
};

/** A plugin that a wider scope unloads sooner never reaches the idle time of its own. */
function idleOutlivesItsScope(scope: Scope): Diagnostic[] {
  const own = scope.layer.settings?.idleUnloadMs;
  if (own === undefined) return [];
  return scope.around
    .filter((wider) => (wider.layer.settings?.idleUnloadMs ?? Infinity) < own)
    .map((wider) =>
      contradiction(
        `${scope.name} is unloaded after ${own} ms without use, but ${wider.name} does so after ${wider.layer.settings?.idleUnloadMs} ms already`,
        [ownSide("idleUnloadMs", scope), ownSide("idleUnloadMs", wider)],
        "Inside a scope the idle time can only be shorter.",
      ),
    );
}

function backpressureOverQueue(scope: Scope): Diagnostic[] {
  const { queueCapacity, backpressureAt } = scope.layer.settings ?? {};
  if (queueCapacity === undefined && backpressureAt === undefined) return [];
  const capacity = applied(scope, "queueCapacity");
  const threshold = applied(scope, "backpressureAt");
  if (!capacity || !threshold || threshold.value <= capacity.value) return [];
  return [
    contradiction(
      `in ${scope.name} producers are slowed down at ${threshold.value} items, and the queue holds only ${capacity.value}`,
      [settingSide("backpressureAt", threshold), settingSide("queueCapacity", capacity)],
      "Slow producers down before the queue is full.",
    ),
  ];
}

/** Priorities are compared across systems, so there is one order for all of them. */
function priorityOrders(scopes: readonly Scope[]): Diagnostic[] {
  const stating = scopes.filter(({ layer }) => layer.settings?.priorityOrder !== undefined);
  const higher = stating.find(({ layer }) => layer.settings?.priorityOrder === "higher-first");
  if (!higher) return [];
  const lower = stating.find(({ layer }) => layer.settings?.priorityOrder === "lower-first");
  const message = lower
    ? `${higher.name} starts the higher priority first, and ${lower.name} the lower`
    : `${higher.name} starts the higher priority first; everywhere else the lower goes first`;
  return [
    contradiction(
      message,
      [ownSide("priorityOrder", higher), ...(lower ? [ownSide("priorityOrder", lower)] : [])],
      "Use lower-first, and turn the priorities of that scope around.",
    ),
  ];
}
