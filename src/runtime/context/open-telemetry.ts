import { Cell, Home } from "./cell.ts";
import { enter, enteredCell } from "./current.ts";
import type { CallFacts } from "./facts.ts";
import { idsOf, traceOf, type Trace } from "./traceparent.ts";

/** A context of OpenTelemetry's. */
interface OtelContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): OtelContext;
  deleteValue(key: symbol): OtelContext;
}

interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote?: boolean;
}

/** What is used of `@opentelemetry/api`: the host gives its own, so that there is one of it. */
export interface OpenTelemetryApi {
  readonly ROOT_CONTEXT: OtelContext;
  readonly trace: {
    getSpanContext(context: OtelContext): SpanContext | undefined;
    setSpanContext(context: OtelContext, span: SpanContext): OtelContext;
  };
}

/**
 * A context manager for OpenTelemetry that keeps its contexts in the product's own cells: spans of the host reach its
 * plugins, calls of plugins are part of the host's traces, and there is no second store.
 *
 * `context.setGlobalContextManager(openTelemetryContexts({ ROOT_CONTEXT, trace }))`
 */
export function openTelemetryContexts({ ROOT_CONTEXT, trace: api }: OpenTelemetryApi) {
  const host = new Cell(new Home());
  const arrived = new WeakMap<Trace, OtelContext>();

  /** The trace of a call that came from elsewhere, in OpenTelemetry's form. */
  const contextOf = (trace: Trace): OtelContext => {
    const known = arrived.get(trace);
    if (known) return known;
    const context = api.setSpanContext(ROOT_CONTEXT, {
      ...idsOf(trace),
      traceFlags: trace.flags,
      isRemote: true,
    });
    arrived.set(trace, context);
    return context;
  };

  /** Most spans never leave the process: what they are called is read only for those that do. */
  const factsWith = (facts: CallFacts, context: OtelContext): CallFacts => {
    let trace: Trace | undefined;
    let isRead = false;
    return {
      ...facts,
      get trace() {
        if (isRead) return trace;
        isRead = true;
        const span = api.getSpanContext(context);
        trace = span && traceOf(span.traceId, span.spanId, span.traceFlags);
        return trace;
      },
    };
  };

  const manager = {
    active(): OtelContext {
      const cell = enteredCell();
      if (!cell) return ROOT_CONTEXT;
      if (cell.foreign !== undefined) return cell.foreign as OtelContext;
      return cell.facts.trace ? contextOf(cell.facts.trace) : ROOT_CONTEXT;
    },
    with<A extends unknown[], R>(
      context: OtelContext,
      work: (...args: A) => R,
      ...[receiver, ...args]: [receiver?: unknown, ...args: A]
    ): R {
      const outer = enteredCell() ?? host;
      const cell = new Cell(outer.home, {
        facts: factsWith(outer.facts, context),
        scope: outer.scope,
        foreign: context,
      });
      return enter(cell, () => Reflect.apply(work, receiver, args));
    },
    bind<T>(context: OtelContext, target: T): T {
      if (typeof target !== "function") return target;
      const bound = function bound(this: unknown, ...args: unknown[]): unknown {
        return manager.with(context, () => Reflect.apply(target, this, args) as unknown);
      };
      return bound as T;
    },
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}
