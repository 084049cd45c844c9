/** Plugins of tests, run at each level with ports between them. */
import { onTestFinished } from "vitest";

import type { GenerationPlugin } from "../../../src/domain/plan.ts";
import {
  startRuntime,
  type IsolationLevel,
  type Runtime,
  type RuntimeOptions,
} from "../../../src/runtime/index.ts";
import { applyAll, generationOf, publishSample, temporaryFolder, type Wiring } from "../../support/root.ts";
import { portsOf, type Asking } from "./ports.ts";

export const LEVELS: readonly IsolationLevel[] = ["inline", "worker", "process"];
/** Levels that can end a plugin without ending the host. */
export const ISOLATED: readonly IsolationLevel[] = ["worker", "process"];

/** What a test says about a plugin: one facet, `main`, that provides the port `account`. */
export interface Actor {
  readonly name: string;
  readonly level?: IsolationLevel;
  /** Body of `activate`; ends in `return { main: { provides: { account: … } } };`. */
  readonly code: string;
  readonly manifest?: Parameters<typeof publishSample>[1]["manifest"];
  /** The actors whose `account` it requires. */
  readonly uses?: readonly string[];
}

/** A module whose port has these methods, written as members of an object. */
export const withPort = (methods: string, before = ""): string =>
  `${before}; return { main: { provides: { account: { ${methods} } } } };`;

/** A root with these plugins, started in this order. */
export async function rootWith(actors: readonly Actor[]): Promise<string> {
  const root = await temporaryFolder();
  const plugins: GenerationPlugin[] = [];
  const facets: Record<string, Wiring> = {};
  for (const { name, level = "inline", code, manifest, uses = [] } of actors) {
    plugins.push(
      await publishSample(root, {
        name,
        code: `module.exports.default = { async activate(context) { ${code} } };\n`,
        facets: { main: { account: "1.0.0" } },
        manifest: { hostProvided: [], isolation: level, ...manifest },
      }),
    );
    const needed = uses.map((used) => `${used}#main`);
    facets[`${name}#main`] = { after: needed, ports: { account: needed } };
  }
  await applyAll(root, generationOf(plugins, facets));
  return root;
}

/** Starts plugins, in order, and stops them when the test ends. */
export async function start(
  actors: readonly Actor[],
  options: Omit<RuntimeOptions, "root"> = {},
): Promise<Runtime & Asking> {
  const runtime = await startRuntime({ root: await rootWith(actors), ...options });
  onTestFinished(async () => void (await runtime.stop()));
  return { ...runtime, ...portsOf(runtime) };
}
