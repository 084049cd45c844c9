import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import { messageOf, TradsysError } from "../../domain/errors.ts";
import type { Files } from "../../platform/files.ts";
import { rootPaths } from "../../store/generations.ts";
import { parseAdminAddress } from "./address.ts";
import { HOST_STATUS_API_VERSION, type HostStatus } from "./host-status.ts";
import type { AdminRecord } from "./open-admin.ts";
import { readAdminToken } from "./token.ts";

/** What is known of the host that runs from a root, as far as it has an admin endpoint. */
export type HostAnswer =
  | { readonly kind: "running"; readonly status: HostStatus }
  /** It is there and does not answer as it should. */
  | { readonly kind: "silent"; readonly pid: number; readonly reason: string }
  /** It ended without being stopped. */
  | { readonly kind: "gone"; readonly pid: number };

const MAX_RECORD_BYTES = 4096;
/** Milliseconds that a host may take to answer. */
const PATIENCE_MS = 2000;

/** Asks the host that runs from a root how it stands; `undefined` where none with an admin endpoint was started. */
export async function askHost(files: Files, root: string): Promise<HostAnswer | undefined> {
  const record = await readRecord(files, rootPaths(root).admin);
  if (!record) return undefined;
  const { pid } = record;
  if (!isAlive(pid)) return { kind: "gone", pid };
  try {
    const status = await fetchStatus(record.address, await readAdminToken(files, record.tokenFile));
    return { kind: "running", status };
  } catch (error) {
    return { kind: "silent", pid, reason: messageOf(error) };
  }
}

async function readRecord(files: Files, path: string): Promise<AdminRecord | undefined> {
  try {
    // Only what nobody else can have written is believed: the token goes where it says.
    if (!(await files.isPrivate(path, "file"))) return undefined;
    return JSON.parse((await files.read(path, MAX_RECORD_BYTES)).toString("utf8")) as AdminRecord;
  } catch (error) {
    // Not there, not whole, or another user's, who has not let this one in.
    if (error instanceof TradsysError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function fetchStatus(written: string, token: string): Promise<HostStatus> {
  const address = parseAdminAddress(written);
  const asking = request({
    ...(address.kind === "unix" ? { socketPath: address.path } : { host: address.host, port: address.port }),
    path: "/status",
    agent: false,
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).end();
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`it answered ${response.statusCode}: ${body.trim()}`);
  const status = JSON.parse(body) as HostStatus;
  if (status.apiVersion === HOST_STATUS_API_VERSION) return status;
  throw new Error("it is of a version that this one does not understand");
}
