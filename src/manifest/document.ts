import { isMap, isNode, isScalar, type Node } from "yaml";

import type { Diagnostic, Location } from "../domain/diagnostic.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { compose, type Fault } from "./compose.ts";
import { once } from "./once.ts";
import { faultsInData } from "./plain-data.ts";
import { forbiddenCharacter, placeIn } from "./text.ts";

/** A place in a document, before its place in the text is known. */
interface Spot {
  readonly pointer: string;
  /** Point at the name of the member rather than at its value. */
  readonly at?: "key";
}

/** A finding in a document before its place in the text is known. */
export interface Finding extends Omit<Diagnostic, "location" | "pointer" | "related">, Spot {
  /** Other places in the same document that belong to it, each with what stands there. */
  readonly related?: readonly (Spot & { readonly message: string })[];
}

/** Parsed text that can say where each of its values stands. */
export interface TextDocument {
  readonly value: unknown;
  readonly locate: (finding: Finding) => Diagnostic;
}

/**
 * Reads YAML 1.2 (core schema, and so JSON too) as plain data: one document, unique keys, no anchors,
 * aliases, tags or merge keys, since each of them lets a small text mean something large or surprising.
 * Size, depth and tokens are bounded before anything is built.
 */
export function parseText(withMark: string, file: string): Result<TextDocument, readonly Diagnostic[]> {
  const text = withMark.replace(/^\uFEFF/, "");
  const position = once(() => placeIn(text));
  const at = (start: number, end: number): Location => ({
    file,
    start: position()(start),
    end: position()(Math.max(end, start + 1)),
  });
  const told = ({ code, message, hint, related, start, end }: Fault): Diagnostic => ({
    code,
    severity: "error",
    message,
    location: at(start, end),
    ...(related && {
      related: [{ message: related.message, location: at(related.start, related.end) }],
    }),
    ...(hint !== undefined && { hint }),
  });

  const read = readPlainJson(text) ?? readYaml(text);
  if (!read.ok) return err(read.error.map(told));

  // Composed again at the first finding, and only then: nodes take fifty times the memory of their text.
  const contents = once(() => {
    const again = compose(text);
    return again.ok ? again.value.contents : null;
  });
  const place = ({ pointer, at: part }: Spot): Location => {
    const [start, end] = nodeAt(contents(), pointer, part === "key")?.range ?? [0, 0];
    return at(start, end);
  };
  const locate = (finding: Finding): Diagnostic => placed(finding, place);
  return ok({ value: read.value, locate });
}

function readYaml(text: string): Result<unknown, readonly Fault[]> {
  const composed = compose(text);
  if (!composed.ok) return err([composed.error]);
  const faults = faultsInData(composed.value);
  return faults.length > 0 ? err(faults) : ok(composed.value.toJS({ maxAliasCount: 0 }));
}

/** What `faultsInData` refuses although JSON carries it: this name, halves of characters, integers too large to be exact. */
const REFUSED_VALUES = /__proto__|\\u[dD]|\d{16}/;

/**
 * Locks and plans as they are written here, hundreds of times faster than YAML reads them. Text that comes out the same when it
 * is written again has one meaning: no name stands twice in it, and no number or escape lost anything.
 */
function readPlainJson(text: string): Result<unknown, never> | undefined {
  if (!text.startsWith("{") || REFUSED_VALUES.test(text) || forbiddenCharacter(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return `${JSON.stringify(value, undefined, 2)}\n` === text ? ok(value) : undefined;
  } catch {
    return undefined;
  }
}

/** Gives a finding, and what belongs to it, their places. */
export const placed = (
  { pointer, at, related, ...finding }: Finding,
  place: (spot: Spot) => Location,
): Diagnostic => ({
  ...finding,
  pointer,
  location: place({ pointer, ...(at && { at }) }),
  ...(related && { related: related.map((one) => ({ message: one.message, location: place(one) })) }),
});

/** The node a JSON pointer leads to, or the nearest one above it that exists. */
function nodeAt(root: Node | null, pointer: string, wantKey: boolean): Node | null {
  const segments = pointer.split("/").slice(1).map(unescapePointer);
  let node = root;
  for (const [depth, segment] of segments.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === segment);
      if (!pair) return node;
      const key = isNode(pair.key) ? pair.key : null;
      if (wantKey && depth === segments.length - 1) return key;
      node = isNode(pair.value) ? pair.value : key;
    } else {
      const child: unknown = node && "get" in node ? node.get(Number(segment), true) : undefined;
      if (!isNode(child)) return node;
      node = child;
    }
  }
  return node;
}

export const escapePointer = (segment: string): string => segment.replaceAll("~", "~0").replaceAll("/", "~1");
export const unescapePointer = (segment: string): string =>
  segment.replaceAll("~1", "/").replaceAll("~0", "~");

/** The value a JSON pointer leads to; `undefined` where there is none. */
export const valueAt = (value: unknown, pointer: string): unknown =>
  pointer
    .split("/")
    .slice(1)
    .map(unescapePointer)
    .reduce<unknown>(
      (at, segment) =>
        typeof at === "object" && at !== null
          ? Object.entries(at).find(([key]) => key === segment)?.[1]
          : undefined,
      value,
    );
