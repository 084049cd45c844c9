import * as fc from "fast-check";
import { expect, it } from "vitest";

import { ISOLATED, LEVELS, start, withPort } from "./levels.ts";

const ECHO = `
  async echo(value) { return value; },
  async fail(described) { throw build(described); },
  subscribe(events) {
    return { events: (async function* () { yield* events; })(), close() {} };
  },
`;

/** Builds the error that a test describes, with the plugin's own classes. */
const BUILD = `
  class VenueError extends Error {
    constructor(message, options) { super(message, options); this.name = "VenueError"; }
  }
  const classes = { Error, TypeError, RangeError, VenueError };
  const build = ({ type, message, members, cause, errors }) => {
    const options = cause && { cause: cause.plain === undefined ? build(cause) : cause.plain };
    const error = errors
      ? new AggregateError(errors.map(build), message, options)
      : new classes[type](message, options);
    return Object.assign(error, members);
  }`;

/** What everybody who handles an error may look at. */
function seen(error: unknown): unknown {
  if (!Error.isError(error)) return error;
  const { plugin: _, facet: __, name: ___, ...members } = error as Error & Record<string, unknown>;
  return {
    name: error.name,
    message: error.message,
    members,
    isNative: error instanceof TypeError || error instanceof RangeError,
    ...(error.cause !== undefined && { cause: seen(error.cause) }),
    ...(error instanceof AggregateError && { errors: error.errors.map(seen) }),
  };
}

const value = fc.jsonValue({ maxDepth: 4 });
/** Fewer levels of causes than are cut off. */
const described = (depth: number): fc.Arbitrary<unknown> =>
  fc.record(
    {
      type: fc.constantFrom("Error", "TypeError", "RangeError", "VenueError"),
      message: fc.string(),
      members: fc.record(
        {
          code: fc.constantFrom("TIMEOUT", "FILTER_LOT", "ERR_VENUE"),
          outcome: fc.constantFrom("not-sent", "rejected", "unknown", "n/a"),
          retryable: fc.boolean(),
          venueCode: fc.integer(),
          details: value,
        },
        { requiredKeys: [] },
      ),
      ...(depth > 0 && {
        cause: fc.oneof(fc.record({ plain: fc.string() }), described(depth - 1)),
        errors: fc.array(described(depth - 1), { maxLength: 2 }),
      }),
    },
    { requiredKeys: ["type", "message", "members"] },
  );

it("carries any value, event and error between plugins alike at every level", async () => {
  const { ask, eventsOf } = await start(
    LEVELS.map((level) => ({ name: level, level, code: withPort(ECHO, BUILD) })),
  );
  const thrownBy = async (level: string, description: unknown): Promise<unknown> =>
    seen(
      await ask(level, "fail", description).then(
        () => "nothing",
        (error: unknown) => error,
      ),
    );

  await fc.assert(
    fc.asyncProperty(value, async (sent) => {
      for (const level of LEVELS) expect(await ask(level, "echo", sent)).toStrictEqual(sent);
    }),
  );
  await fc.assert(
    fc.asyncProperty(described(3), async (description) => {
      const expected = await thrownBy("inline", description);
      for (const level of ISOLATED) expect(await thrownBy(level, description)).toEqual(expected);
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 600 }), async (sent) => {
      for (const level of ISOLATED) expect(await Array.fromAsync(eventsOf(level, sent))).toStrictEqual(sent);
    }),
    { numRuns: 20 },
  );
});
