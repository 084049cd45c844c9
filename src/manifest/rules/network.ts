import type { Manifest } from "../../domain/manifest.ts";
import type { Finding } from "../document.ts";

interface Grant {
  readonly host: string;
  /** Absent: every port. */
  readonly port: number | undefined;
}

const HOST_AND_PORT = /^(?<host>\[[^\]]+\]|[^:]+)(?::(?<port>\d{1,6}))?$/;
const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const HOST_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`, "i");

/** Hosts are written as `host` or `host:port`, each once; `*.` before a name stands for any name below it. */
export function checkNetwork({ permissions }: Manifest): Finding[] {
  const grants = permissions.net.map((text) => (text === "*" ? undefined : parseGrant(text)));
  return grants.flatMap((grant, i): Finding[] => {
    const text = permissions.net[i] ?? "";
    const pointer = `/permissions/net/${i}`;
    if (typeof grant === "string") {
      return [
        {
          code: "PERMISSION_INVALID",
          severity: "error",
          pointer,
          message: `\`${text}\` ${grant}`,
          hint: hostHint(text),
        },
      ];
    }
    const wider = grants.findIndex(
      (other, j) =>
        i !== j &&
        isGrant(grant) &&
        isGrant(other) &&
        covers(other, grant) &&
        (j < i || !covers(grant, other)),
    );
    if (wider === -1) return [];
    return [
      {
        code: "PERMISSION_BROAD",
        severity: "warning",
        pointer,
        message: `\`${text}\` is granted by \`${permissions.net[wider]}\` already`,
        related: [{ pointer: `/permissions/net/${wider}`, message: "granted here" }],
        hint: "Remove one of the two: the wider one where the narrower is enough.",
      },
    ];
  });
}

const isGrant = (grant: Grant | string | undefined): grant is Grant => typeof grant === "object";

/** The grant, or what is wrong with its text. */
function parseGrant(text: string): Grant | string {
  if (text.includes("://")) return "is an address, not a host";
  if (text.includes("/")) return "holds a path; permissions are about hosts";
  const { host, port } = HOST_AND_PORT.exec(text)?.groups ?? {};
  if (host === undefined || !isHost(host)) return "is not a host, or a host and a port";
  if (port === undefined) return { host: host.toLowerCase(), port: undefined };
  const number = Number(port);
  return number >= 1 && number <= 65_535
    ? { host: host.toLowerCase(), port: number }
    : "has a port outside 1 to 65535";
}

const isHost = (host: string): boolean =>
  host.startsWith("[") ? URL.canParse(`http://${host}`) : HOST_NAME.test(host) && host.length <= 253;

function hostHint(text: string): string {
  const host = URL.canParse(text) ? new URL(text).host : text.split("/")[0];
  return host && typeof parseGrant(host) === "object"
    ? `Write \`${host}\`.`
    : "For example `api.example.com`, `*.example.com` or `api.example.com:8443`.";
}

const covers = (wide: Grant, narrow: Grant): boolean =>
  (wide.port === undefined || wide.port === narrow.port) &&
  (wide.host === narrow.host || (wide.host.startsWith("*.") && narrow.host.endsWith(wide.host.slice(1))));
