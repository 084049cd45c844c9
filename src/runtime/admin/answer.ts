import { createHash, timingSafeEqual } from "node:crypto";

/** What an admin endpoint tells of its host. */
export interface AdminSource {
  /** Why the host does not serve; `undefined` where it does. */
  notReady(): string | undefined;
  /** As JSON can carry it. */
  status(): unknown;
  /** In Prometheus' text format. */
  metrics(): string;
}

/** As much of a request as decides the answer. */
export interface Asked {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: { readonly host?: string | undefined; readonly authorization?: string | undefined };
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Names under which only this machine reaches itself: a page that had its own name rebound is known by it. */
const OWN_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

const TEXT = "text/plain; charset=utf-8";

const text = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  type: TEXT,
  body: `${body}\n`,
  headers,
});

/** Answers one request. What the host is asked for is only asked once the request may have it. */
export function answerTo({ method, url = "", headers }: Asked, token: string, source: AdminSource): Answer {
  if (!OWN_NAMES.has((headers.host ?? "").replace(/:\d+$/, ""))) return text(421, "no such host here");
  if (method !== "GET") return text(405, "only GET", { allow: "GET" });
  if (!isSame(headers.authorization ?? "", `Bearer ${token}`)) {
    return text(401, "a bearer token is needed", { "www-authenticate": "Bearer" });
  }
  switch (url) {
    case "/livez":
      // That this is answered says it all: what plugins do is no reason to end the process.
      return text(200, "alive");
    case "/readyz": {
      const reason = source.notReady();
      return reason === undefined ? text(200, "ready") : text(503, reason);
    }
    case "/status":
      return {
        status: 200,
        type: "application/json",
        body: `${JSON.stringify(source.status(), undefined, 2)}\n`,
      };
    case "/metrics":
      return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: source.metrics() };
    default:
      return text(404, "there are /livez, /readyz, /status and /metrics");
  }
}

/** Takes as long whatever the first difference is, and tells nothing of the length. */
const isSame = (given: string, expected: string): boolean => timingSafeEqual(digest(given), digest(expected));

const digest = (value: string): Buffer => createHash("sha256").update(value).digest();
