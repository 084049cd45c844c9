import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { messageOf } from "../../domain/errors.ts";

/** Tells systemd how this service fares. */
export interface Notifier {
  /** States of `sd_notify(3)`, for example `READY=1`; those of one call arrive together, and calls in their order. */
  say(...states: string[]): Promise<void>;
  /** Ends the signs of life. What was said has arrived by then. */
  close(): Promise<void>;
}

/** Milliseconds that one notification may take. */
const LIMIT_MS = 5000;

interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** Told once when systemd cannot be told anything. */
  readonly complain: (problem: string) => void;
}

/**
 * A notifier where systemd asks for one (`Type=notify`); `undefined` elsewhere. Where it asks for signs of life
 * (`WatchdogSec=`) it gets one in half of that time, from this process's own event loop: when that hangs, none comes.
 *
 * Node.js cannot write to a Unix datagram socket, so systemd's own `systemd-notify` does. It is another process than
 * the service's main one: the unit needs `NotifyAccess=all`.
 */
export function systemdNotifier({ env, pid, complain }: Environment): Notifier | undefined {
  const { NOTIFY_SOCKET, PATH, WATCHDOG_USEC, WATCHDOG_PID = String(pid) } = env;
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === "") return undefined;
  let sent = Promise.resolve();
  let isBroken = false;

  const send = async (states: readonly string[]): Promise<void> => {
    if (isBroken) return;
    try {
      await run("systemd-notify", states, {
        env: { NOTIFY_SOCKET, PATH: PATH ?? "/usr/bin:/bin" },
        timeout: LIMIT_MS,
      });
    } catch (error) {
      isBroken = true;
      complain(messageOf(error));
    }
  };
  const say = (...states: string[]): Promise<void> => (sent = sent.then(() => send(states)));

  const watchdogMs = WATCHDOG_PID === String(pid) ? Number(WATCHDOG_USEC) / 2000 : Number.NaN;
  const watchdog = watchdogMs > 0 ? setInterval(() => void say("WATCHDOG=1"), watchdogMs) : undefined;
  watchdog?.unref();
  return {
    say,
    close() {
      clearInterval(watchdog);
      return sent;
    },
  };
}

const run = promisify(execFile);
