import type { Digest } from "../domain/ids.ts";
import { preload } from "../runtime/preload.ts";
import type { PreloadOptions } from "../runtime/runtime.ts";
import { Registry, type ExchangeConnectorPlugin } from "./registry.ts";

/** Reads and proves what is active, without running any of it. A failure names every bundle that does not pass. */
export class Loader {
  readonly #options: PreloadOptions;

  constructor(options: PreloadOptions) {
    this.#options = options;
  }

  /** @throws {TradsysError} what `preload` throws. */
  async loadPlugins(): Promise<Registry> {
    return new Registry((await preload(this.#options)).plugins);
  }

  /** @throws {TradsysError} what `preload` throws; `PLUGIN_UNKNOWN`. */
  loadPlugin = async (name: string): Promise<ExchangeConnectorPlugin> =>
    (await this.loadPlugins()).getPlugin(name);
}

/** How a scan differs from the one before it, names sorted. Plugins are told apart by their digests, never by paths. */
export interface Scan {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export interface ScanOptions {
  /** Shortest time between two scans, in milliseconds: after something changed. */
  readonly shortestMs: number;
  /** Longest: approached by doubling while nothing changes. */
  readonly longestMs: number;
  readonly onScan: (scan: Scan) => void;
  /** Told of a scan that failed; the next one is made all the same. */
  readonly onError: (error: unknown) => void;
}

/** Looks again and again for what was activated, the less often the less changes. */
export class AdaptivePluginLoader {
  readonly #loader: Loader;
  #known: ReadonlyMap<string, Digest> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #isScanning = false;

  constructor(loader: Loader) {
    this.#loader = loader;
  }

  async scan(): Promise<Scan> {
    const found = new Map<string, Digest>(
      (await this.#loader.loadPlugins()).listPlugins().map(({ name, content }) => [name, content] as const),
    );
    const before = this.#known;
    this.#known = found;
    return {
      added: [...found.keys()].filter((name) => !before.has(name)).toSorted(),
      changed: [...found]
        .flatMap(([name, content]) => (before.has(name) && before.get(name) !== content ? [name] : []))
        .toSorted(),
      removed: [...before.keys()].filter((name) => !found.has(name)).toSorted(),
    };
  }

  /** Begins at once. Starting twice changes the times. */
  startBackgroundScanner(options: ScanOptions): void {
    this.stopBackgroundScanner();
    this.#isScanning = true;
    this.#scanIn(0, options);
  }

  /** Also while a scan is under way: its result is not told. */
  stopBackgroundScanner(): void {
    this.#isScanning = false;
    clearTimeout(this.#timer);
  }

  #scanIn(waitMs: number, options: ScanOptions): void {
    this.#timer = setTimeout(() => void this.#scanAndGoOn(waitMs, options), waitMs);
  }

  async #scanAndGoOn(waitedMs: number, options: ScanOptions): Promise<void> {
    const { shortestMs, longestMs } = options;
    const isChanged = await this.#scanOnce(options);
    const nextMs = isChanged ? shortestMs : Math.min(longestMs, waitedMs * 2 || shortestMs);
    if (this.#isScanning) this.#scanIn(nextMs, options);
  }

  async #scanOnce({ onScan, onError }: ScanOptions): Promise<boolean> {
    try {
      const scan = await this.scan();
      const isChanged = scan.added.length + scan.changed.length + scan.removed.length > 0;
      if (this.#isScanning && isChanged) onScan(scan);
      return isChanged;
    } catch (error) {
      if (this.#isScanning) onError(error);
      return false;
    }
  }
}
