import { dirname, resolve } from "node:path";

import { openBuild, type BuiltBundle, type PluginBuild } from "../../build/build-plugin.ts";
import { unchangedBuild, writeState, type Place } from "../../build/state.ts";
import { canonical } from "../../domain/canonical.ts";
import { TradsysError } from "../../domain/errors.ts";
import {
  artifactsOf,
  readPlugin,
  startChecks,
  writeArtifacts,
  stateOf,
  summaryOf,
  type Building,
  type Checks,
  type Finished,
  type ReadPlugin,
} from "./build-one.ts";
import { outcomeOf } from "./report.ts";
import { requestId } from "./request.ts";

/**
 * One plugin that is built whenever it has changed. Its bundle is signed and in its place as soon as it is compiled; its
 * types and how it loads are checked after that, since a developer waits for the first and reads the second.
 */
export class PluginWatch implements AsyncDisposable {
  readonly #place: Place;
  readonly #building: Building;
  #opened: { readonly manifest: string; readonly build: PluginBuild } | undefined;
  #checks: Checks | undefined;
  #isBroken = false;
  /** Folders of all that went into the last build. */
  inputFolders: readonly string[] = [];

  constructor(place: Place, building: Building) {
    this.#place = place;
    this.#building = building;
  }

  /** Builds the plugin if it has changed, and prints what came of it. */
  async update(): Promise<void> {
    const { io, request } = this.#building;
    const unchanged = await unchangedBuild(this.#place, requestId(request), io);
    if (unchanged) {
      if (this.#isBroken) io.print(outcomeOf(io, [{ place: this.#place, summary: unchanged }]));
      this.#isBroken = false;
      return;
    }
    await this.#endChecks();
    await this.#printing(() => this.#build());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endChecks();
    await this.#opened?.build[Symbol.asyncDispose]();
  }

  async #build(): Promise<void> {
    const { io, request } = this.#building;
    const began = performance.now();
    const plugin = await readPlugin(io, this.#place);
    const bundle = await this.#compile(plugin);
    const artifacts = await artifactsOf(bundle, this.#building);
    await writeArtifacts(io, this.#place, artifacts);
    const types = { kind: "checked", findings: [], files: [] } as const;
    const summary = summaryOf({ plugin, bundle, artifacts, types }, request);
    io.print(outcomeOf(io, [{ place: this.#place, summary, ms: performance.now() - began }]));
    this.#isBroken = false;
    void this.#printing(() => this.#check({ plugin, bundle, artifacts }));
  }

  /** Keeps the compilation open: what did not change is not compiled again. */
  async #compile({ manifest, place: { folder } }: ReadPlugin): Promise<BuiltBundle> {
    const text = canonical(manifest);
    if (this.#opened?.manifest !== text) {
      await this.#opened?.build[Symbol.asyncDispose]();
      const { io, request } = this.#building;
      const build = await openBuild(manifest, folder, { files: io.files, debug: request.debug });
      this.#opened = { manifest: text, build };
    }
    const bundle = await this.#opened.build.build();
    this.inputFolders = Object.keys(bundle.metafile.inputs).map((path) => dirname(resolve(folder, path)));
    return bundle;
  }

  async #check(built: Omit<Finished, "types">): Promise<void> {
    const { io } = this.#building;
    const checks = startChecks(built.plugin, this.#building);
    this.#checks = checks;
    const loading = checks.load(built.bundle);
    await Promise.allSettled([loading, checks.types]);
    // The plugin has changed since: what was found is about another one.
    if (this.#checks !== checks) return;
    await loading;
    const state = stateOf({ ...built, types: await checks.types }, this.#building);
    if (state) await writeState(this.#place, state, io.files);
  }

  async #endChecks(): Promise<void> {
    const checks = this.#checks;
    this.#checks = undefined;
    await checks?.[Symbol.asyncDispose]();
  }

  async #printing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof TradsysError)) throw error;
      this.#isBroken = true;
      this.#building.io.print({ data: null, lines: [], diagnostics: error.diagnostics });
    }
  }
}
