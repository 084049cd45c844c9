import { HostMonitor, type Observed, type RuntimeEvent } from "../../runtime/index.ts";
import type { Io } from "../command.ts";
import { milliseconds, plural } from "../documents.ts";
import { eventLine } from "./event-line.ts";
import { hostView } from "./host-view.ts";
import type { Notifier } from "./systemd.ts";

/** Milliseconds between two looks while nothing happens, and until one after something did. */
const LOOK_MS = 1000;
const SOON_MS = 100;

/** Follows a host: tells what happens in it, draws how it stands where somebody watches, and keeps systemd informed. */
interface Follower {
  readonly monitor: HostMonitor;
  /** For `startRuntime`. */
  readonly observe: (observed: Observed) => void;
  /** Everything that was told has arrived by then. */
  close(): Promise<void>;
}

export function followHost(io: Io, systemd: Notifier | undefined): Follower {
  const monitor = new HostMonitor(io.now);
  let lastStatus: string | undefined;
  let soon: NodeJS.Timeout | undefined;

  const look = (): void => {
    soon = undefined;
    io.show?.((screen) => hostView(monitor.status(), screen));
    const status = systemd && statusLine(monitor);
    if (status !== lastStatus) void systemd?.say(`STATUS=${status}`);
    lastStatus = status;
  };
  const looking = io.show || systemd ? setInterval(look, LOOK_MS) : undefined;

  const take = (event: RuntimeEvent): void => {
    const line = eventLine(event);
    if (line !== undefined) io.report(line, event);
    if (event.event === "started") void systemd?.say("READY=1");
    if (event.event === "stopping") void systemd?.say("STOPPING=1");
    if (looking) soon ??= setTimeout(look, SOON_MS);
  };
  return {
    monitor,
    observe(observed) {
      const startedAtMs = new Map<string, number>();
      monitor.observe(observed);
      observed.events.listen((event) => {
        if (event.event === "facet") {
          const { facet, atMs } = event;
          if (event.state.state === "starting") startedAtMs.set(facet, atMs);
          if (event.state.state === "ready") {
            const ms = atMs - (startedAtMs.get(facet) ?? atMs);
            io.report(`ready    ${facet} after ${milliseconds(ms)}`, { event: "ready", facet, ms });
          }
        }
        take(event);
      });
    },
    async close() {
      clearInterval(looking);
      clearTimeout(soon);
      monitor.close();
      await systemd?.close();
    },
  };
}

/** One line for `systemctl status`. */
function statusLine(monitor: HostMonitor): string {
  const { notReady, plugins } = monitor.status();
  const facets = plugins.flatMap((plugin) => plugin.facets);
  const ready = facets.filter(({ state }) => state === "ready");
  return notReady[0] ?? `${ready.length} of ${plural(facets.length, "facet")} ready`;
}
