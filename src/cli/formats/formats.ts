import type { Format } from "./format.ts";

/** Reports for other tools, each loaded only when it is asked for. */
export const REPORTS: Readonly<Record<string, () => Promise<Format>>> = {
  sarif: async () => (await import("./sarif.ts")).sarif,
  junit: async () => (await import("./junit.ts")).junit,
  github: async () => (await import("./github.ts")).github,
  gitlab: async () => (await import("./gitlab.ts")).gitlab,
};

/** All that `--format` takes. The first two are written by whoever prints an outcome. */
export const FORMAT_NAMES = ["pretty", "json", ...Object.keys(REPORTS)] as const;
