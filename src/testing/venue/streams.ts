import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import { WebSocketServer, type WebSocket } from "ws";

/** The sockets of a venue and the streams each listens to, by the venue's SUBSCRIBE and UNSUBSCRIBE messages. */
export class Streams {
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #subscriptions = new Map<WebSocket, Set<string>>();
  readonly #current: (stream: string) => object | undefined;

  /** @param current The message that a new subscriber to a stream gets at once, if there is one. */
  constructor(current: (stream: string) => object | undefined) {
    this.#current = current;
  }

  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (client) => {
      this.#subscriptions.set(client, new Set());
      client.on("close", () => this.#subscriptions.delete(client));
      client.on("error", () => client.terminate());
      client.on("message", (data: Buffer) => this.#receive(client, data.toString()));
    });
  }

  publish(stream: string, message: object): void {
    const text = JSON.stringify(message);
    for (const [client, streams] of this.#subscriptions) if (streams.has(stream)) client.send(text);
  }

  /** Cuts every connection without a closing handshake. */
  drop(): void {
    for (const client of this.#subscriptions.keys()) client.terminate();
  }

  #receive(client: WebSocket, text: string): void {
    const streams = this.#subscriptions.get(client);
    const request = parseRequest(text);
    if (!streams || !request) {
      client.send(JSON.stringify({ code: 3, msg: "Invalid JSON" }));
      return;
    }
    const { method, params, id } = request;
    client.send(JSON.stringify({ result: null, id }));
    for (const stream of params) {
      if (method === "UNSUBSCRIBE") streams.delete(stream);
      if (method !== "SUBSCRIBE") continue;
      streams.add(stream);
      const message = this.#current(stream);
      if (message) client.send(JSON.stringify(message));
    }
  }
}

interface StreamRequest {
  readonly method: unknown;
  readonly params: readonly string[];
  readonly id: unknown;
}

function parseRequest(text: string): StreamRequest | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!(value instanceof Object) || !("params" in value) || !Array.isArray(value.params)) return undefined;
    const { method, id } = value as { method?: unknown; id?: unknown };
    return { method, id, params: value.params.map(String) };
  } catch {
    return undefined;
  }
}
