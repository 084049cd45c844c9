import type { Deployment } from "../../domain/deployment.ts";
import type { Finding } from "../document.ts";

/** Zones of a deployment's policy exist, and so do the days of its freezes, which end after they begin. */
export function checkPolicy({ policy = {} }: Deployment): Finding[] {
  const { windows = [], freezes = [] } = policy;
  return [
    ...windows.flatMap(({ zone }, i) => unknownZone(zone, `/policy/windows/${i}/zone`)),
    ...freezes.flatMap(({ zone, from, to }, i): Finding[] => {
      const at = `/policy/freezes/${i}`;
      const imaginary = [...imaginaryTime(from, `${at}/from`), ...imaginaryTime(to, `${at}/to`)];
      const reversed = imaginary.length === 0 && to <= from ? [reversedFreeze(at, from, to)] : [];
      return [...unknownZone(zone, `${at}/zone`), ...imaginary, ...reversed];
    }),
  ];
}

function unknownZone(zone: string, pointer: string): Finding[] {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone }).format(0);
    return [];
  } catch {
    return [
      {
        code: "FIELD_VALUE",
        severity: "error",
        pointer,
        message: `there is no time zone \`${zone}\``,
        hint: "Write its IANA name, for example `Asia/Dubai`.",
      },
    ];
  }
}

function imaginaryTime(local: string, pointer: string): Finding[] {
  const time = Date.parse(`${local}Z`);
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(local)) return [];
  return [
    {
      code: "FIELD_VALUE",
      severity: "error",
      pointer,
      message: `there is no time ${local}`,
      hint: "That month is shorter.",
    },
  ];
}

const reversedFreeze = (pointer: string, from: string, to: string): Finding => ({
  code: "CONFIG_CONTRADICTION",
  severity: "error",
  pointer: `${pointer}/to`,
  message: `the freeze ends at ${to}, before it begins`,
  related: [{ pointer: `${pointer}/from`, message: `it begins at ${from}` }],
  hint: "Exchange the two, or correct one.",
});
