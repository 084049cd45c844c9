import type { Digest, FacetId } from "../../domain/ids.ts";
import type { Phase, Runtime } from "../../runtime/index.ts";

/** One plugin's part in a start. Milliseconds of work, but for `readyMs`, which counts from the beginning. */
interface PluginPart extends Readonly<Partial<Record<Phase, number>>> {
  readonly plugin: string;
  readonly activation: "critical" | "background" | "lazy";
  readonly isolation: "inline" | "worker" | "process";
  /** When the last of its facets was ready; absent if one is not. */
  readonly readyMs?: number;
  readonly facets: readonly { readonly facet: FacetId; readonly fromMs: number; readonly toMs: number }[];
}

/** A start as one document: what `tradsys preload --report` writes. */
export interface StartSummary {
  readonly generation: Digest;
  readonly verifyMs: number;
  readonly readyMs: number;
  readonly pack: string;
  readonly codeCache: Runtime["report"]["codeCache"];
  readonly criticalPath: readonly FacetId[];
  /** In name order. */
  readonly plugins: readonly PluginPart[];
}

/** Sums up a start by plugin. */
export function summarize({ digest, report, plugins }: Runtime): StartSummary {
  const { verifyMs, readyMs, pack, codeCache, criticalPath, spans } = report;
  const byPlugin = Map.groupBy(spans, ({ plugin }) => plugin);
  return {
    generation: digest,
    verifyMs,
    readyMs,
    pack,
    codeCache,
    criticalPath,
    plugins: plugins.map(({ name, bundle: { manifest } }) => {
      const own = byPlugin.get(name) ?? [];
      const facets = own.flatMap(({ facet, fromMs, toMs }) => (facet ? [{ facet, fromMs, toMs }] : []));
      const sums = new Map<Phase, number>();
      for (const { phase, fromMs, toMs } of own) {
        sums.set(phase, (sums.get(phase) ?? 0) + toMs - fromMs);
      }
      const isReady = facets.length === Object.keys(manifest.facets).length;
      return {
        plugin: name,
        activation: manifest.activation,
        isolation: manifest.isolation,
        ...(Object.fromEntries(sums) as Partial<Record<Phase, number>>),
        ...(isReady && { readyMs: Math.max(...facets.map(({ toMs }) => toMs)) }),
        facets,
      };
    }),
  };
}
