/**
 * What a call's context costs, each beside the raw primitive in the same run. Targets: a boundary is entered in at most
 * 1.3 times one bare `AsyncLocalStorage.run`; a look-up takes at most 25 ns; the 64 bytes of the wire are written and
 * read in at most 100 ns; a deadline costs no more than a timer of its own.
 *
 * `node scripts/bench/coordination/context.ts [rounds]`
 */
import { AsyncLocalStorage } from "node:async_hooks";

import { Cell, Home } from "../../../src/runtime/context/cell.ts";
import { currentCell, enter } from "../../../src/runtime/context/current.ts";
import { hostNow, Scope } from "../../../src/runtime/context/scope.ts";
import { parseTraceparent } from "../../../src/runtime/context/traceparent.ts";
import {
  decodeContext,
  encodeContext,
  readContext,
  writeContext,
} from "../../../src/runtime/context/wire.ts";
import { printPieces, timePieces } from "./nanoseconds.ts";

const rounds = Number(process.argv[2] ?? 101);
console.log(`${rounds} rounds, interleaved; Node.js ${process.versions.node}`);

const bare = new AsyncLocalStorage<object>();
const trace = parseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
const facts = { trace, priority: 50, actor: "", correlation: "" };
const named = { trace, priority: 50, actor: "desk-7", correlation: "order-42" };
const home = new Home("@acme/a@1.0.0");
const store = {};
let calls = 0;
const work = (): number => ++calls;

printPieces(
  "entering a boundary: a cell of its own for each call",
  timePieces(
    {
      "AsyncLocalStorage.run": () => bare.run({}, work),
      entered: () => enter(new Cell(home, { facts, scope: undefined }), work),
    },
    rounds,
  ),
);

bare.run(store, () =>
  enter(new Cell(home, { facts }), () => {
    const parent = new Cell(home, { facts });
    const other = new Home("@acme/b@1.0.0");
    printPieces(
      "looking up: the context that runs, and the cell of a plugin in it",
      timePieces(
        {
          "AsyncLocalStorage.getStore": () => bare.getStore(),
          "current cell": () => currentCell(),
          "cell of a plugin": () => parent.in(other),
        },
        rounds,
      ),
    );
  }),
);

const plain = { facts, deadline: 123_456.789 };
const full = { facts: named, deadline: 123_456.789 };
const wire = new Cell(home, { facts: named, scope: new Scope(123_456.789) });
printPieces(
  "the wire: 64 bytes written and read, then as they cross",
  timePieces(
    {
      "written and read": () => {
        writeContext(plain);
        return readContext();
      },
      "with actor, correlation": () => {
        writeContext(full);
        return readContext();
      },
      "encoded and decoded": () => decodeContext(encodeContext(plain)),
      "a cell known to cross": () => decodeContext(wire.wire),
    },
    rounds,
  ),
);

const nobody = (): void => undefined;
printPieces(
  "a deadline that is met",
  timePieces(
    {
      "setTimeout and clear": () => clearTimeout(setTimeout(nobody, 5000)),
      "a scope on the wheel": () => {
        const scope = new Scope(hostNow() + 5000);
        scope.watch(nobody);
        scope.release();
      },
    },
    rounds,
  ),
);
