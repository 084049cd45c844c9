import { TradsysError, messageOf } from "../../domain/errors.ts";
import { type FacetId, labelOf } from "../../domain/ids.ts";
import type { FacetHandle } from "../../plugin/define.ts";
import { portError, type PortError } from "../../plugin/errors.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import type { LogEntry } from "../activate-plugin.ts";
import type { Placement, PluginInstance } from "../plugin-instance.ts";
import { portKey } from "../ports.ts";
import { fromEnvelope } from "./error-envelope.ts";
import { invoke } from "./invoke.ts";
import type { Isolate, IsolateOptions } from "./isolate.ts";
import { Peer } from "./peer.ts";
import { remotePort } from "./remote-port.ts";
import type { Assignment } from "./served-plugin.ts";
import { watch, type WatchOptions } from "./watch.ts";
import { FACET_STEPS, SELF, type FacetStep, type Offer } from "./wire.ts";

const MIB = 1024 * 1024;

/** Where a plugin is isolated, and how it is watched there. */
export interface Isolation {
  readonly start: (options: IsolateOptions) => Isolate;
  readonly watching: WatchOptions;
}

/** One instance of a plugin in an isolate of its own, which is started when the plugin is first asked for. */
export function isolatedPlugin(
  plugin: VerifiedPlugin,
  placement: Placement,
  isolation: Isolation,
): PluginInstance {
  let running: IsolatedPlugin | undefined;
  let isClosed = false;
  return {
    async handles() {
      // Whoever asked may have waited for something else meanwhile: nobody would end what was started now.
      if (isClosed) throw portError("PLUGIN_STOPPED", `${labelOf(plugin)} was stopped`);
      return (running ??= new IsolatedPlugin(plugin, placement, isolation)).handles;
    },
    memoryBytes: async () => running?.memoryBytes(),
    async close() {
      isClosed = true;
      await running?.close();
    },
  };
}

class IsolatedPlugin {
  readonly handles: Promise<ReadonlyMap<string, FacetHandle>>;
  readonly #label: string;
  readonly #isolate: Isolate;
  readonly #peer: Peer;
  #emptyBytes = 0;
  #stopWatching: () => void = () => undefined;
  readonly #onCrash: (reason: PortError) => void;
  #reason: PortError | undefined;

  constructor(plugin: VerifiedPlugin, placement: Placement, isolation: Isolation) {
    const { manifest } = plugin.bundle;
    this.#label = labelOf(plugin);
    this.#onCrash = placement.onCrash;
    const memoryBytes = allowance(manifest.resources.memoryMiB);
    this.#isolate = isolation.start({
      memoryBytes,
      files: manifest.permissions.fs,
      env: Object.fromEntries(granted(manifest.permissions.env, placement.env)),
    });
    this.#peer = new Peer(
      this.#isolate.channel,
      serviceFor(this.#label, placement, (error) => this.#crash(error)),
      {
        attribute: (error, target) => attribute(error, this.#label, target),
        home: () => placement.home,
        meter: placement.signals.calls,
      },
    );
    const abort = (): void => this.#peer.tell(SELF, "abort", []);
    placement.signal.addEventListener("abort", abort, { once: true });
    // The signal is the whole set's, and outlives this instance.
    void this.#isolate.ended.then(() => placement.signal.removeEventListener("abort", abort));
    void this.#isolate.ended.then((how) => this.#crash(new Error(how)));
    this.handles = this.#load(plugin, placement, { memoryBytes, ...isolation.watching });
  }

  async memoryBytes(): Promise<number | undefined> {
    const bytes = await this.#isolate.memoryBytes();
    return bytes === undefined ? undefined : Math.max(0, bytes - this.#emptyBytes);
  }

  async close(): Promise<void> {
    this.#reason ??= portError("PLUGIN_STOPPED", `${this.#label} was stopped`, { outcome: "unknown" });
    this.#stopWatching();
    this.#peer.end(this.#reason);
    this.#isolate.kill();
    await this.#isolate.ended;
  }

  async #load(
    plugin: VerifiedPlugin,
    { bound, secret }: Placement,
    limits: WatchOptions & { readonly memoryBytes: number },
  ): Promise<ReadonlyMap<string, FacetHandle>> {
    const label = this.#label;
    const isolate = this.#isolate;
    const ping = () => this.#peer.call(SELF, "ping", []);
    await ping();
    // It runs, and nothing of the plugin does: what it uses now is what an empty isolate uses.
    this.#emptyBytes = (await isolate.memoryBytes()) ?? 0;
    if (!this.#reason)
      this.#stopWatching = watch({ label, isolate, ping }, limits, (reason) => this.#end(reason));
    const { name, version, config, bundle } = plugin;
    const offer = await this.#assign({
      name,
      version,
      config,
      manifest: bundle.manifest,
      // A copy: a view would take all of what it is a view of along.
      code: new Uint8Array(plugin.code()),
      ports: bound,
      secrets: new Map(granted(bundle.manifest.permissions.secrets, secret)),
    });
    return new Map(
      [...offer].map(([facet, { ports, steps }]) => [
        facet,
        {
          provides: Object.fromEntries(
            ports.map((port) => [port, remotePort(this.#peer, portKey(facet as FacetId, port))]),
          ),
          ...this.#stepsOf(facet, steps),
        },
      ]),
    );
  }

  async #assign(assignment: Assignment): Promise<Offer> {
    try {
      const offer = await this.#peer.call(SELF, "load", [assignment]);
      if (offer instanceof Map) return offer as Offer;
      throw portError("CONTRACT_VIOLATION", "its isolate did not say what it provides");
    } catch (cause) {
      if (cause instanceof TradsysError) throw cause;
      throw new TradsysError("LOAD_FAILED", `${this.#label} failed to load: ${messageOf(cause)}`, { cause });
    }
  }

  /** A step that the facet does not have costs no call. */
  #stepsOf(facet: string, steps: readonly FacetStep[]): FacetHandle {
    return Object.fromEntries(
      FACET_STEPS.filter((step) => steps.includes(step)).map((step) => [
        step,
        async (state?: unknown) => this.#peer.call(SELF, "step", [facet, step, state]),
      ]),
    );
  }

  #crash(error: unknown): void {
    const what = `${this.#label} crashed: ${messageOf(error)}`;
    this.#end(portError("PLUGIN_CRASHED", what, { outcome: "unknown", cause: error }));
  }

  /** Whoever waits is told before anything else happens. */
  #end(reason: PortError): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#stopWatching();
    this.#peer.end(Object.assign(reason, { plugin: this.#label }));
    this.#isolate.kill();
    this.#onCrash(reason);
  }
}

/**
 * Bytes that a plugin may use. What is measured includes garbage that waits to be collected, so it is twice what the
 * manifest names, and room for the engine to work in.
 */
const allowance = (memoryMiB: number): number => (2 * memoryMiB + 64) * MIB;

/** What the manifest names, as far as the host has it. */
const granted = (names: readonly string[], valueOf: (name: string) => string | undefined) =>
  names.flatMap((name): [string, string][] => {
    const value = valueOf(name);
    return value === undefined ? [] : [[name, value]];
  });

/** What the plugin may ask of the host: the ports it is bound to, and nothing else. */
function serviceFor(
  label: string,
  { ports, bound, log, pin, signals }: Placement,
  fail: (error: unknown) => void,
) {
  const targets = new Map<string, object>();
  for (const name of bound.keys()) {
    for (const { provider, port } of ports.all(name as never)) {
      targets.set(portKey(provider as FacetId, name), port);
    }
  }
  const pins = pinsOf(pin);
  return (target: string, method: string, args: readonly unknown[]): unknown => {
    if (target !== SELF) return invoke(targets.get(target), { target, method, args });
    if (method === "pin") return pins.set(args[0], args[1]);
    if (method === "unpin") return pins.remove(args[0]);
    if (method === "log") return log(asLogEntry(args[0], label));
    if (method === "series") return signals.source.series(args[0]);
    if (method === "slots") return signals.source.slots(args[0], args[1]);
    if (method === "overflow") return signals.source.overflow(args[0]);
    if (method === "fail") return fail(fromEnvelope(args[0]));
    throw portError("UNSUPPORTED", `the host knows no ${method}`);
  };
}

/** Pins that a plugin may have at a time; what it asks beyond that is not kept. */
const MAX_PINS = 1000;

function pinsOf(pin: Placement["pin"]) {
  const ends = new Map<unknown, () => void>();
  return {
    set(id: unknown, reason: unknown): void {
      if (pin && !ends.has(id) && ends.size < MAX_PINS) ends.set(id, pin(String(reason)));
    },
    remove(id: unknown): void {
      ends.get(id)?.();
      ends.delete(id);
    },
  };
}

/** A plugin says what it logs, and not for whom. */
function asLogEntry(sent: unknown, plugin: string): LogEntry {
  const { level, message, fields } = (sent ?? {}) as Partial<LogEntry>;
  return {
    level: LOG_LEVELS.find((known) => known === level) ?? "info",
    plugin,
    message: String(message),
    fields: typeof fields === "object" ? fields : {},
  };
}

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** Errors that can be changed say which plugin they come from, and which facet of it. */
function attribute(error: unknown, plugin: string, target: string): unknown {
  if (!Error.isError(error) || target === SELF) return error;
  return Object.assign(error, { plugin, facet: target.slice(0, target.indexOf(" ")) });
}
