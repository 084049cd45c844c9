import type { Deployment } from "../../domain/deployment.ts";
import type { TrustPolicy } from "../../domain/trust.ts";
import type { Finding } from "../document.ts";

/** A deployment asks for each plugin once. */
export const checkDeployedOnce = (deployment: Deployment): Finding[] =>
  repeated(deployment.plugins, "/plugins");

/** Keys of a trust policy can be told apart, and only keys that exist are revoked. */
export function checkKeyNames(policy: TrustPolicy): Finding[] {
  const known = new Set(policy.keys.map(({ name }) => name));
  const dangling = policy.revoked.keys.flatMap(({ name }, i): Finding[] =>
    known.has(name)
      ? []
      : [
          {
            code: "FIELD_VALUE",
            severity: "error",
            pointer: `/revoked/keys/${i}/name`,
            message: `no key is named \`${name}\``,
            hint: "A revoked key stays in `keys`, so that the reason can be shown.",
          },
        ],
  );
  return [...repeated(policy.keys, "/keys"), ...dangling];
}

function repeated(items: readonly { readonly name: string }[], pointer: string): Finding[] {
  const firstOf = new Map<string, number>();
  return items.flatMap(({ name }, i): Finding[] => {
    const first = firstOf.get(name);
    firstOf.set(name, first ?? i);
    if (first === undefined) return [];
    return [
      {
        code: "FIELD_VALUE",
        severity: "error",
        pointer: `${pointer}/${i}/name`,
        message: `\`${name}\` is listed twice`,
        related: [{ pointer: `${pointer}/${first}/name`, message: "it is listed here first" }],
        hint: "Keep one of them.",
      },
    ];
  });
}
