import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { parseAny, type AnyDocument } from "../../src/manifest/parse.ts";

/** Reads documents that pass on their own; a name is also the file's. */
export function documents(texts: Readonly<Record<string, string>>): AnyDocument[] {
  return Object.entries(texts).map(([file, text]) => {
    const parsed = parseAny(text, file);
    if (!parsed.ok) throw new TypeError(`a test used a bad document: ${JSON.stringify(parsed.error)}`);
    return parsed.value;
  });
}

const FILES = ["connector.yaml", "deployment.yaml", "platform.yaml", "risk-core.yaml"];

/** The settings of the platform that this product replaces, each as it was, in one deployment. */
export async function contradictory(): Promise<AnyDocument[]> {
  const folder = join(import.meta.dirname, "contradictions");
  const texts = await Promise.all(
    FILES.map(async (file) => [file, await readFile(join(folder, file), "utf8")] as const),
  );
  return documents(Object.fromEntries(texts));
}
