import { TradsysError } from "../../domain/errors.ts";

/** Where an admin endpoint listens. */
export type AdminAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** Bytes of a path that the system keeps for a Unix socket, less the one that ends it. */
const MAX_SOCKET_PATH = 107;
const MAX_PORT = 65_535;
const LOOPBACK_V4 = /^127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

/**
 * Reads `unix:/path`, `127.0.0.1:9090`, `[::1]:9090` or `localhost:9090`. Port 0 takes any that is free.
 *
 * @throws {TradsysError} `ADMIN_REFUSED` for anything else: what is told there is for this machine only.
 */
export function parseAdminAddress(text: string): AdminAddress {
  const [, path] = /^unix:(\/.*)$/.exec(text) ?? [];
  if (path !== undefined && Buffer.byteLength(path) <= MAX_SOCKET_PATH) return { kind: "unix", path };
  const [, name = "", digits = ""] = /^(\[::1\]|[^:]+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = LOOPBACK.get(name) ?? name;
  if ((host === "::1" || LOOPBACK_V4.test(host)) && port <= MAX_PORT) {
    return { kind: "tcp", host, port };
  }
  throw new TradsysError("ADMIN_REFUSED", `an admin endpoint cannot listen on \`${text}\``, {
    hint: `Write 127.0.0.1:PORT, [::1]:PORT or unix:/PATH with at most ${MAX_SOCKET_PATH} bytes: it serves this machine only.`,
  });
}

/** No name is looked up: whoever answers for names would choose the interface. */
const LOOPBACK: ReadonlyMap<string, string> = new Map([
  ["localhost", "127.0.0.1"],
  ["[::1]", "::1"],
]);

/** As `parseAdminAddress` reads it. */
export function describeAddress(address: AdminAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return address.host === "::1" ? `[::1]:${address.port}` : `${address.host}:${address.port}`;
}
