import { AsyncLocalStorage } from "node:async_hooks";

import { context, createContextKey, ROOT_CONTEXT, trace, type Context } from "@opentelemetry/api";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";

import { openTelemetryContexts } from "../../../src/runtime/context/open-telemetry.ts";
import { LEVELS, start, withPort } from "../isolation/levels.ts";

const SPAN = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
const TRACEPARENT = `00-${SPAN.traceId}-${SPAN.spanId}-01`;

beforeAll(() => {
  context.setGlobalContextManager(openTelemetryContexts({ ROOT_CONTEXT, trace }));
});
afterAll(() => context.disable());

const within = <T>(work: () => T): T => context.with(trace.setSpanContext(ROOT_CONTEXT, SPAN), work);

it.each(LEVELS)("carries the host's span to a plugin in %s", async (level) => {
  const code = withPort("async seen() { return context.scope().traceparent; }");
  const { ask } = await start([{ name: "plugin", level, code }]);
  expect(await within(async () => ask("plugin", "seen"))).toBe(TRACEPARENT);
  expect(await ask("plugin", "seen")).toBeUndefined();
});

it("carries a trace that came in to the host's own spans", async () => {
  const { limited } = await start([]);
  const active = await limited({ traceparent: TRACEPARENT }, async () => context.active());
  expect(trace.getSpanContext(active)).toEqual({ ...SPAN, isRemote: true });
});

it("ends the host's span where another trace begins", async () => {
  const { limited } = await start([]);
  const other = `00-${"1".repeat(32)}-${"2".repeat(16)}-00`;
  const active = await within(async () => limited({ traceparent: other }, async () => context.active()));
  expect(trace.getSpanContext(active)?.traceId).toBe("1".repeat(32));
});

it("keeps what else a context holds through a limit, across awaits, and no longer", async () => {
  const key = createContextKey("baggage");
  const { limited } = await start([]);
  const held = await context.with(ROOT_CONTEXT.setValue(key, "held"), async () => {
    await Promise.resolve();
    return limited({ ms: 1000 }, async () => context.active().getValue(key));
  });
  expect(held).toBe("held");
  expect(context.active()).toBe(ROOT_CONTEXT);
});

it("binds a function to a context, with its own receiver and arguments", () => {
  const key = createContextKey("bound");
  const bound = context.bind(
    ROOT_CONTEXT.setValue(key, "here"),
    function read(this: { name: string }, suffix: string): string {
      return `${this.name} ${String(context.active().getValue(key))} ${suffix}`;
    },
  );
  expect(bound.call({ name: "it" }, "now")).toBe("it here now");
});

it("uses the one store that there is", () => {
  const stores = new Set<unknown>();
  const run = vi.spyOn(AsyncLocalStorage.prototype, "run").mockImplementation(function run(
    this: unknown,
    _store: unknown,
    work: () => Context,
  ) {
    stores.add(this);
    return work();
  } as never);
  onTestFinished(() => run.mockRestore());
  within(() => context.with(ROOT_CONTEXT, () => context.active()));
  expect(run).toHaveBeenCalledTimes(2);
  expect(stores.size).toBe(1);
});
