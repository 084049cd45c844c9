import { labelOf } from "../../domain/ids.ts";
import type { FacetId } from "../../domain/ids.ts";
import type { FacetHandle } from "../../plugin/define.ts";
import { portError } from "../../plugin/errors.ts";
import { activatePlugin, homeFor, type Activatable, type LogEntry } from "../activate-plugin.ts";
import { Home } from "../context/cell.ts";
import { compile, evaluate } from "../loading/evaluate.ts";
import { portAccess, portKey, type BoundPorts } from "../ports.ts";
import type { Sink } from "../telemetry/recorder.ts";
import { remoteRecorder } from "../telemetry/remote.ts";
import { toEnvelope } from "./error-envelope.ts";
import { invoke } from "./invoke.ts";
import { lockDown } from "./lockdown.ts";
import { Peer } from "./peer.ts";
import { remotePort } from "./remote-port.ts";
import { FACET_STEPS, SELF, type Channel, type FacetStep, type Offer } from "./wire.ts";

/** All that an isolate is told of the plugin it runs. */
export interface Assignment extends Activatable {
  /** The verified bytes of its code: there is no path to read it from. */
  readonly code: Uint8Array;
  readonly ports: BoundPorts;
  /** The secrets that the manifest names, as far as the host has them. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** Runs one plugin for the host at the other end of the channel. */
export function servePlugin(channel: Channel, { sharesMemory }: { readonly sharesMemory: boolean }): void {
  const stopping = new AbortController();
  const targets = new Map<string, object>();
  let home = new Home();
  let handles: ReadonlyMap<string, FacetHandle> = new Map();

  let lastPin = 0;
  const pin = (reason: string): (() => void) => {
    const id = ++lastPin;
    peer.tell(SELF, "pin", [id, reason]);
    return () => peer.tell(SELF, "unpin", [id]);
  };
  const log = (entry: LogEntry): void => peer.tell(SELF, "log", [entry]);

  const sink: Sink = {
    series: (series) => peer.tell(SELF, "series", [series]),
    slots: (chunk, slots) => peer.tell(SELF, "slots", [chunk, slots]),
    overflow: (metric) => peer.tell(SELF, "overflow", [metric]),
  };

  async function load(plugin: Assignment): Promise<Offer> {
    lockDown(plugin.manifest);
    home = homeFor(labelOf(plugin), log);
    handles = await activatePlugin(plugin, definitionOf(plugin), {
      ports: portAccess(labelOf(plugin), plugin.ports, (facet, name) =>
        remotePort(peer, portKey(facet, name)),
      ),
      secret: (name) => plugin.secrets.get(name),
      log,
      pin,
      home,
      metrics: remoteRecorder(
        { plugin: plugin.name, metrics: plugin.manifest.metrics },
        { sharesMemory, sink },
      ),
      signal: stopping.signal,
    });
    const offer = new Map<string, { ports: string[]; steps: FacetStep[] }>();
    for (const [facet, handle] of handles) {
      const { provides = {} } = handle;
      const steps = FACET_STEPS.filter((step) => typeof handle[step] === "function");
      offer.set(facet, { ports: Object.keys(provides), steps });
      for (const [name, port] of Object.entries<object>(provides)) {
        targets.set(portKey(facet as FacetId, name), port);
      }
    }
    return offer;
  }

  function obey(order: string, [first, step, state]: readonly unknown[]): unknown {
    switch (order) {
      case "load":
        return load(first as Assignment);
      case "step":
        return takeStep(handles.get(String(first)), step as FacetStep, state);
      case "abort":
        return stopping.abort();
      case "ping":
        return undefined;
      default:
        throw portError("UNSUPPORTED", `an isolate knows no ${order}`);
    }
  }

  const peer = new Peer(
    channel,
    (target, method, args) =>
      target === SELF ? obey(method, args) : invoke(targets.get(target), { target, method, args }),
    { home: () => home },
  );
  // What nobody caught ends the plugin, not the host, which is told why.
  process.once("uncaughtException", (error) => {
    channel.send([["call", 0, SELF, "fail", [toEnvelope(error)]]]);
    setImmediate(() => process.exit(1));
  });
}

function takeStep(handle: FacetHandle | undefined, step: FacetStep, given: unknown): unknown {
  const method: unknown = handle?.[step];
  return typeof method === "function" ? (Reflect.apply(method, handle, [given]) as unknown) : undefined;
}

const definitionOf = ({ manifest, code }: Assignment) => {
  const bytes = Buffer.from(code.buffer, code.byteOffset, code.byteLength);
  return evaluate(compile({ manifest, code: bytes }), manifest);
};
