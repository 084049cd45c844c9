import type { Diagnostic } from "../../domain/diagnostic.ts";
import { allScopes, applied, placeIn, type Hierarchy, type Scope } from "../layers/scope.ts";
import { contradiction, ownSide, settingSide } from "./contradiction.ts";

/** One process has one memory: what the parts may use fits into the whole, and an alert comes before the limit. */
export const checkMemory = (hierarchy: Hierarchy): Diagnostic[] => [
  ...budgetsOverTheWhole(hierarchy),
  ...pluginsOverBudget(hierarchy),
  ...allScopes(hierarchy).flatMap(alertOverBudget),
];

const budgetOf = (scope: Scope): number => scope.layer.settings?.memoryBudgetMiB ?? 0;

function budgetsOverTheWhole({ platform, systems }: Hierarchy): Diagnostic[] {
  const parts = [...systems.values()].filter((system) => budgetOf(system) > 0);
  const sum = parts.reduce((total, part) => total + budgetOf(part), 0);
  const whole = budgetOf(platform);
  if (whole === 0 || sum <= whole) return [];
  return [
    contradiction(
      `the memory budgets of ${parts.length} systems add up to ${sum} MiB, and the whole process has ${whole} MiB`,
      [ownSide("memoryBudgetMiB", platform), ...parts.map((part) => ownSide("memoryBudgetMiB", part))],
      "Budgets of one process are shares of one number.",
    ),
  ];
}

/** The plugins' own estimates, against the budget of each scope they are in. */
function pluginsOverBudget({ platform, systems, groups, plugins }: Hierarchy): Diagnostic[] {
  return [platform, ...systems.values(), ...groups.values()].flatMap((scope) => {
    const inside = plugins.filter(({ plugin }) => plugin.around.includes(scope));
    const sum = inside.reduce((total, { manifest }) => total + manifest.value.resources.memoryMiB, 0);
    const budget = budgetOf(scope);
    if (budget === 0 || sum <= budget) return [];
    return [
      contradiction(
        `the plugins of ${scope.name} need ${sum} MiB together, and its budget is ${budget} MiB`,
        [
          ownSide("memoryBudgetMiB", scope),
          ...inside.map(({ manifest }) => ({
            text: `memoryMiB ${manifest.value.resources.memoryMiB} of ${manifest.value.name}`,
            location: placeIn(manifest, "/resources/memoryMiB"),
          })),
        ],
        "Raise the budget, or deploy fewer plugins.",
      ),
    ];
  });
}

function alertOverBudget(scope: Scope): Diagnostic[] {
  // An alert watches the scope that states it: inherited, it still means the whole of that scope.
  const alert = scope.layer.settings?.memoryAlertMiB;
  const budget = applied(scope, "memoryBudgetMiB");
  if (alert === undefined || !budget || alert <= budget.value) return [];
  return [
    contradiction(
      `in ${scope.name} someone is told at ${alert} MiB, which is above the limit of ${budget.value} MiB`,
      [ownSide("memoryAlertMiB", scope), settingSide("memoryBudgetMiB", budget)],
      "An alert that can never come is no alert: set it below the budget.",
    ),
  ];
}
