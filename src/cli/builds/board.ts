import type { Io } from "../command.ts";
import { table } from "../table.ts";

interface Shown {
  readonly name: string;
  readonly version: string;
}

/** Shows one line for each plugin while they are built. */
export function boardOf<P extends Shown>(io: Io, plugins: readonly P[]) {
  const states = new Map(plugins.map((plugin) => [plugin, "waiting"]));
  const show = (plugin: P, state: string): void => {
    states.set(plugin, state);
    const rows = [...states].map(([{ name, version }, now]) => [now, `${name}@${version}`]);
    io.progress(table(rows).join("\n"));
  };
  return async <T>(plugin: P, work: () => Promise<T>): Promise<T> => {
    show(plugin, "building");
    try {
      const done = await work();
      show(plugin, "built");
      return done;
    } catch (error) {
      show(plugin, "failed");
      throw error;
    }
  };
}
