import { once } from "node:events";
import { lstat, unlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { connect, type ListenOptions } from "node:net";

import { hasErrno, TradsysError, messageOf } from "../../domain/errors.ts";
import { type AdminAddress, describeAddress } from "./address.ts";
import { type AdminSource, type Answer, answerTo } from "./answer.ts";

/** What a client may take of the process that trades. */
const LIMITS = {
  maxHeaderSize: 4096,
  /** Milliseconds for the head of a request, and for all of it. */
  headersTimeout: 2000,
  requestTimeout: 4000,
  connectionsCheckingInterval: 500,
} as const;

const MAX_CONNECTIONS = 16;
/** Milliseconds that a client may take to read the answer. */
const IDLE_MS = 5000;

interface AdminServer {
  /** Where it listens, with the port that it was given. */
  readonly address: AdminAddress;
  close(): Promise<void>;
}

/**
 * Serves `/livez`, `/readyz`, `/status` and `/metrics` to whoever has the token. Keeps no process alive.
 *
 * @throws {TradsysError} `PORT_IN_USE` while somebody else listens there, `ADMIN_REFUSED` where nobody can.
 */
export async function serveAdmin(
  address: AdminAddress,
  token: string,
  source: AdminSource,
): Promise<AdminServer> {
  const server = createServer(LIMITS, (request, response) => {
    const { status, type, body, headers } = answered(() => answerTo(request, token, source));
    response.writeHead(status, {
      ...headers,
      "content-type": type,
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      // One request a connection: nothing waits behind another.
      connection: "close",
    });
    response.end(body);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  try {
    if (address.kind === "unix") await removeAbandoned(address.path);
    await listen(server, address);
  } catch (cause) {
    const where = describeAddress(address);
    throw hasErrno(cause, "EADDRINUSE")
      ? new TradsysError("PORT_IN_USE", `something listens on ${where} already`, { cause })
      : new TradsysError("ADMIN_REFUSED", `nothing can listen on ${where}: ${messageOf(cause)}`, { cause });
  }
  server.unref();
  return {
    address: boundAddress(server, address),
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What fails in the source is told as that and nothing more. */
function answered(answer: () => Answer): Answer {
  try {
    return answer();
  } catch {
    return { status: 500, type: "text/plain; charset=utf-8", body: "the host could not tell\n" };
  }
}

async function listen(server: Server, address: AdminAddress): Promise<void> {
  const options: ListenOptions =
    address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port };
  // A socket is made with the rights that the mask leaves: changed later, it would be open for a moment.
  const mask = address.kind === "unix" ? process.umask(0o177) : undefined;
  server.listen(options);
  if (mask !== undefined) process.umask(mask);
  await once(server, "listening");
}

/** A process that was killed leaves its socket behind. One that somebody listens on stays, and so does any other file. */
async function removeAbandoned(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return;
  const socket = connect(path);
  try {
    await once(socket, "connect");
  } catch (error) {
    if (hasErrno(error, "ECONNREFUSED")) await unlink(path);
  } finally {
    socket.destroy();
  }
}

function boundAddress(server: Server, address: AdminAddress): AdminAddress {
  const bound = server.address();
  if (address.kind === "unix" || bound === null || typeof bound === "string") return address;
  return { ...address, port: bound.port };
}
