import { nodeFiles, type Files } from "../../platform/files.ts";
import { rootPaths } from "../../store/generations.ts";
import { makeHostFolder } from "../../store/host-folder.ts";
import { describeAddress, parseAdminAddress } from "./address.ts";
import type { HostMonitor } from "./host-monitor.ts";
import { makeAdminToken, readAdminToken } from "./token.ts";

export interface AdminOptions {
  /** `127.0.0.1:PORT`, `[::1]:PORT` or `unix:/PATH`; port 0 takes any that is free. */
  readonly address: string;
  /** The folder that the host runs from. */
  readonly root: string;
  /** File with the token, which only this user may read. By default one is made in the root's private folder. */
  readonly tokenFile?: string | undefined;
  /** Defaults to the real disk. */
  readonly files?: Files;
  /** What `/metrics` answers with, in Prometheus' text format. By default what the status says in numbers, and all that is recorded. */
  readonly metrics?: () => string;
}

/** Where a running host can be asked, as it stands in the root's private folder while it runs. */
export interface AdminRecord {
  readonly pid: number;
  readonly address: string;
  readonly tokenFile: string;
}

/** A running admin endpoint. */
export interface Admin {
  /** Where it listens, with the port that it was given. */
  readonly address: string;
  readonly tokenFile: string;
  close(): Promise<void>;
}

/**
 * Opens a host's admin endpoint: `/livez`, `/readyz`, `/status` and `/metrics`, for this machine and for who has the
 * token. Open it before the runtime is started: it tells of that, too.
 *
 * @throws {TradsysError} `ADMIN_REFUSED`, `PORT_IN_USE`, `FILE_MISSING`, `CANNOT_WRITE`
 */
export async function openAdmin(monitor: HostMonitor, options: AdminOptions): Promise<Admin> {
  const { root, files = nodeFiles, metrics = () => monitor.metrics() } = options;
  const address = parseAdminAddress(options.address);
  const { admin: record, adminToken } = rootPaths(root);
  await makeHostFolder(files, root);
  const { tokenFile = adminToken } = options;
  const token = await (options.tokenFile === undefined ? makeAdminToken : readAdminToken)(files, tokenFile);
  const { serveAdmin } = await import("./serve.ts");
  const server = await serveAdmin(address, token, {
    notReady: () => monitor.status().notReady.join("\n") || undefined,
    status: () => monitor.status(),
    metrics,
  });
  const told: AdminRecord = { pid: process.pid, address: describeAddress(server.address), tokenFile };
  await files.write(record, `${JSON.stringify(told)}\n`, 0o600);
  return {
    address: told.address,
    tokenFile,
    async close() {
      await files.remove(record);
      await server.close();
    },
  };
}
