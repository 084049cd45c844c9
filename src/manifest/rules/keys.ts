import type { Role, TrustedKey, TrustPolicy } from "../../domain/trust.ts";
import type { Finding } from "../document.ts";

/** Days of a key exist, and come in their order. */
export function checkKeyDays({ keys }: TrustPolicy): Finding[] {
  return keys.flatMap((key, i) => [...imaginaryDays(key, i), ...reversedDays(key, i)]);
}

const imaginaryDays = (key: TrustedKey, i: number): Finding[] =>
  (["notBefore", "notAfter"] as const).flatMap((field): Finding[] => {
    const day = key[field];
    if (day === undefined || exists(day)) return [];
    return [
      {
        code: "FIELD_VALUE",
        severity: "error",
        pointer: `/keys/${i}/${field}`,
        message: `there is no day ${day}`,
        hint: "That month is shorter.",
      },
    ];
  });

const exists = (day: string): boolean => {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
};

function reversedDays({ notBefore, notAfter }: TrustedKey, i: number): Finding[] {
  if (notBefore === undefined || notAfter === undefined || notBefore <= notAfter) return [];
  return [
    {
      code: "CONFIG_CONTRADICTION",
      severity: "error",
      pointer: `/keys/${i}/notAfter`,
      message: `the key ends on ${notAfter}, before it begins`,
      related: [{ pointer: `/keys/${i}/notBefore`, message: `it begins on ${notBefore}` }],
      hint: "Exchange the two days, or correct one.",
    },
  ];
}

/** A role asks for no more keys than it has; else nothing that this policy judges is ever trusted. */
export function checkThresholds({ keys, threshold, revoked }: TrustPolicy): Finding[] {
  const gone = new Set(revoked.keys.map(({ name }) => name));
  return (Object.entries(threshold) as [Role, number][]).flatMap(([role, wanted]): Finding[] => {
    const count = keys.filter((key) => key.role === role && !gone.has(key.name)).length;
    if (count >= wanted) return [];
    return [
      {
        code: "THRESHOLD_UNREACHABLE",
        severity: "warning",
        pointer: `/threshold/${role}`,
        message: `the threshold of \`${role}\` is ${wanted}, and ${count} keys of that role count`,
        hint: "Add keys, or ask for fewer; until then nothing is trusted.",
      },
    ];
  });
}
