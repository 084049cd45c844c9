import { once } from "node:events";
import { chmod, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

import { expect, it, onTestFinished } from "vitest";

import { nodeFiles } from "../../../src/platform/files.ts";
import { describeAddress, parseAdminAddress, type AdminAddress } from "../../../src/runtime/admin/address.ts";
import type { AdminSource } from "../../../src/runtime/admin/answer.ts";
import { serveAdmin } from "../../../src/runtime/admin/serve.ts";
import { makeAdminToken, readAdminToken } from "../../../src/runtime/admin/token.ts";
import { execute } from "../../support/command.ts";
import { temporaryFolder } from "../../support/root.ts";

const TOKEN = "t".repeat(43);
const LOOPBACK = parseAdminAddress("127.0.0.1:0");

const source: AdminSource = {
  notReady: () => undefined,
  status: () => ({ generation: "sha256:1" }),
  metrics: () => "up 1\n",
};

async function serving(address: AdminAddress = LOOPBACK, changes: Partial<AdminSource> = {}) {
  const admin = await serveAdmin(address, TOKEN, { ...source, ...changes });
  onTestFinished(() => admin.close());
  return admin.address;
}

interface Ask {
  readonly path: string;
  readonly method?: string;
  readonly token?: string;
  readonly host?: string;
}

interface Told {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

async function ask(address: AdminAddress, { path, method = "GET", token = TOKEN, host }: Ask): Promise<Told> {
  const asking = request({
    ...(address.kind === "unix" ? { socketPath: address.path } : { host: address.host, port: address.port }),
    path,
    method,
    agent: false,
    headers: {
      ...(token !== "" && { authorization: `Bearer ${token}` }),
      ...(host !== undefined && { host }),
    },
  });
  asking.end();
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response), headers: response.headers };
}

it.each([
  ["unix:/run/tradsys/admin.sock", { kind: "unix", path: "/run/tradsys/admin.sock" }],
  ["127.0.0.1:9090", { kind: "tcp", host: "127.0.0.1", port: 9090 }],
  ["127.1.2.3:0", { kind: "tcp", host: "127.1.2.3", port: 0 }],
  ["[::1]:9090", { kind: "tcp", host: "::1", port: 9090 }],
])("listens on %s", (written, address) => {
  expect(parseAdminAddress(written)).toEqual(address);
  expect(describeAddress(parseAdminAddress(written))).toBe(written);
});

it.each([
  "9090",
  "0.0.0.0:9090",
  "[::]:9090",
  "[::ffff:127.0.0.1]:9090",
  "192.168.1.10:9090",
  "127.0.0.1",
  "127.0.0.1:65536",
  "127.0.0.256:80",
  "127.1:80",
  "127.0.0.1.example.com:80",
  "desk.example.com:9090",
  "unix:relative.sock",
  `unix:/${"a".repeat(107)}`,
  "",
])("refuses to listen on %j", (written) => {
  expect(() => parseAdminAddress(written)).toThrow(expect.objectContaining({ code: "ADMIN_REFUSED" }));
});

it("tells a client with the token whether the host lives and serves, how it stands, and what is measured", async () => {
  const address = await serving();
  expect(await ask(address, { path: "/livez" })).toMatchObject({ status: 200, body: "alive\n" });
  expect(await ask(address, { path: "/readyz" })).toMatchObject({ status: 200, body: "ready\n" });
  const { headers, body } = await ask(address, { path: "/status" });
  expect(JSON.parse(body)).toEqual({ generation: "sha256:1" });
  expect(headers).toMatchObject({
    "content-type": "application/json",
    "cache-control": "no-store",
    connection: "close",
  });
  expect(await ask(address, { path: "/metrics" })).toMatchObject({
    status: 200,
    body: "up 1\n",
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
  });
});

it("lives while plugins fail, and says why it does not serve", async () => {
  const address = await serving(LOOPBACK, { notReady: () => "@acme/venue#main is quarantined" });
  expect((await ask(address, { path: "/livez" })).status).toBe(200);
  expect(await ask(address, { path: "/readyz" })).toMatchObject({
    status: 503,
    body: "@acme/venue#main is quarantined\n",
  });
});

it.each([
  ["no token", { path: "/status", token: "" }, 401],
  ["another token", { path: "/status", token: `${TOKEN}t` }, 401],
  ["the beginning of the token", { path: "/livez", token: TOKEN.slice(1) }, 401],
  ["a path that is not there, without the token", { path: "/secrets", token: "" }, 401],
  ["a path that is not there", { path: "/status/.." }, 404],
  ["a query", { path: "/status?token=1" }, 404],
  ["another method", { path: "/status", method: "POST" }, 405],
  ["a head without the rest", { path: "/status", method: "HEAD" }, 405],
  ["a name that was rebound to this machine", { path: "/status", host: "rebound.example:9090" }, 421],
  ["a name that begins as its own", { path: "/status", host: "localhost.example" }, 421],
] as const)("refuses %s", async (_, asked, status) => {
  const asks: string[] = [];
  const address = await serving(LOOPBACK, { status: () => asks.push("status") });
  expect((await ask(address, asked)).status).toBe(status);
  expect(asks).toEqual([]);
});

it.each(["localhost", "localhost:1", "127.0.0.1:9090", "[::1]:9090"])(
  "answers to its own name %s",
  async (host) => {
    expect((await ask(await serving(), { path: "/livez", host })).status).toBe(200);
  },
);

it("survives a source that fails, and tells nothing of it", async () => {
  const address = await serving(LOOPBACK, {
    metrics: () => {
      throw new Error("secret");
    },
  });
  expect(await ask(address, { path: "/metrics" })).toMatchObject({
    status: 500,
    body: "the host could not tell\n",
  });
  expect((await ask(address, { path: "/livez" })).status).toBe(200);
});

/** Sends bytes as they are and returns all that comes back until the end. */
async function raw(address: AdminAddress, bytes: string): Promise<string> {
  if (address.kind === "unix") throw new Error("not for sockets");
  const socket = connect(address.port, address.host);
  socket.write(bytes);
  // Who is not let in may find the connection reset.
  return text(socket).catch(() => "");
}

it.each([
  [
    "a head that is too long",
    `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(5000)}\r\n\r\n`,
    "431",
  ],
  ["no host", "GET /livez HTTP/1.1\r\n\r\n", "400"],
  ["no host, as long ago", "GET /livez HTTP/1.0\r\n\r\n", "421"],
  ["what is not HTTP", "\0\0\0\r\n\r\n", "400"],
  [
    "two lengths",
    "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "400",
  ],
])("refuses %s", async (_, bytes, status) => {
  expect(await raw(await serving(), bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

it("answers one request a connection", async () => {
  const one = `GET /livez HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`;
  const answers = await raw(await serving(), one + one);
  expect(answers.match(/^HTTP\/1.1/gm)).toEqual(["HTTP/1.1"]);
});

it("hangs up on a client that never finishes its request, and lets in no more than a few", async () => {
  const address = await serving();
  const idle = Array.from({ length: 20 }, () => raw(address, "GET /livez HTTP/1.1\r\nHost: loc"));
  await setTimeout(100);
  const answers = await Promise.all(idle);
  expect(answers.filter((answer) => answer.startsWith("HTTP/1.1 408 "))).toHaveLength(16);
  expect(answers.filter((answer) => answer === "")).toHaveLength(4);
  expect((await ask(address, { path: "/livez" })).status).toBe(200);
});

it("listens on a socket that only its user may use", async () => {
  const path = join(await temporaryFolder(), "admin.sock");
  const address = await serving({ kind: "unix", path });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await ask(address, { path: "/readyz" })).status).toBe(200);
  expect((await ask(address, { path: "/readyz", token: "" })).status).toBe(401);
});

it("takes the place of a host that was killed, and not that of one that runs", async () => {
  const path = join(await temporaryFolder(), "admin.sock");
  const address: AdminAddress = { kind: "unix", path };
  await abandonSocket(path);
  await serving(address);
  await expect(serveAdmin(address, TOKEN, source)).rejects.toMatchObject({ code: "PORT_IN_USE" });
  expect((await ask(address, { path: "/livez" })).status).toBe(200);
});

it("removes no file that is no socket", async () => {
  const path = join(await temporaryFolder(), "notes");
  await writeFile(path, "mine");
  await expect(serveAdmin({ kind: "unix", path }, TOKEN, source)).rejects.toMatchObject({
    code: "PORT_IN_USE",
  });
  expect(await readFile(path, "utf8")).toBe("mine");
});

it("makes a token that nobody else can read, and keeps it", async () => {
  const path = join(await temporaryFolder(), "admin-token");
  const token = await makeAdminToken(nodeFiles, path);
  expect(token).toMatch(/^[\w-]{43}$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await makeAdminToken(nodeFiles, path)).toBe(token);
});

it("takes no token that others could know", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "admin-token");
  const refused = expect.objectContaining({ code: "ADMIN_REFUSED" });
  await writeFile(path, TOKEN, { mode: 0o640 });
  await expect(readAdminToken(nodeFiles, path)).rejects.toEqual(refused);
  await chmod(path, 0o600);
  expect(await readAdminToken(nodeFiles, path)).toBe(TOKEN);
  await symlink("admin-token", join(folder, "link"));
  await expect(readAdminToken(nodeFiles, join(folder, "link"))).rejects.toEqual(refused);
  await writeFile(path, "secret");
  await expect(readAdminToken(nodeFiles, path)).rejects.toEqual(refused);
  await expect(readAdminToken(nodeFiles, join(folder, "none"))).rejects.toMatchObject({
    code: "FILE_MISSING",
  });
});

/** Leaves a socket behind as a process does that is killed. */
async function abandonSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  await execute(process.execPath, ["-e", script, path], { cwd: "/" });
  expect((await stat(path)).isSocket()).toBe(true);
}
