import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  parseDocument,
  visit,
  type Document,
  type Node,
  type YAMLParseError,
} from "yaml";

import type { Diagnostic, Location, Position } from "../domain/diagnostic.ts";
import { err, ok, type Result } from "../domain/result.ts";

/** A finding in a document before its place in the text is known. */
export interface Finding extends Omit<Diagnostic, "location" | "pointer"> {
  readonly pointer: string;
  /** Point at the name of the member rather than at its value. */
  readonly at?: "key";
}

/** Parsed text that can say where each of its values stands. */
export interface TextDocument {
  readonly value: unknown;
  readonly locate: (finding: Finding) => Diagnostic;
}

/**
 * Reads YAML 1.2 (core schema, and so JSON too) as plain data: one document, unique keys, no anchors,
 * aliases, tags or merge keys, since each of them lets a small text mean something large or surprising.
 */
export function parseText(text: string, file: string): Result<TextDocument, readonly Diagnostic[]> {
  const positionOf = positionsIn(text);
  const at = (start: number, end = start + 1): Location => ({
    file,
    start: positionOf(start),
    end: positionOf(end),
  });
  const document = compose(text);
  if (!document) {
    return err([
      { code: "YAML_SYNTAX", severity: "error", message: "nested too deeply to read", location: { file } },
    ]);
  }
  const faults = independent(document.errors).map(({ code, message, pos }): Diagnostic => ({
    code: "YAML_SYNTAX",
    severity: "error",
    message: code === "MULTIPLE_DOCS" ? "a file holds one document, and here a second one starts" : message,
    location: at(...pos),
    ...(code === "TAB_AS_INDENT" && { hint: "Indent with spaces." }),
  }));
  visit(document, {
    Node(_, node) {
      const feature = forbiddenFeature(node);
      if (feature === undefined) return;
      const [start, end] = node.range ?? [0, 1];
      faults.push({
        code: "YAML_FEATURE",
        severity: "error",
        message: `${feature} are not allowed in manifests`,
        location: at(start, end),
        hint: "Write the value out.",
      });
    },
  });
  if (faults.length > 0) return err(faults);

  const locate = ({ pointer, at: part, ...finding }: Finding): Diagnostic => {
    const node = nodeAt(document.contents, pointer, part === "key");
    const [start, end] = node?.range ?? [0, 0];
    return { ...finding, pointer, location: at(start, Math.max(end, start + 1)) };
  };
  return ok({ value: document.toJS({ maxAliasCount: 0 }), locate });
}

/** Once the parser has lost its way, every further token is unexpected: only the first is worth telling. */
const independent = (errors: readonly YAMLParseError[]): readonly YAMLParseError[] =>
  errors.filter(({ code }, i) => i === 0 || code !== "UNEXPECTED_TOKEN");

/** The parser recurses; text that exhausts the stack is text that nobody wrote by hand. */
function compose(text: string): Document.Parsed | undefined {
  try {
    return parseDocument(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      prettyErrors: false,
      // With "silent" a second document would go unreported.
      logLevel: "error",
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Finds lines itself: the parser's own counter loses those inside some multi-line scalars. */
function positionsIn(text: string): (offset: number) => Position {
  const starts = [0, ...text.matchAll(/\n/g).map(({ index }) => index + 1)];
  return (offset) => {
    const line = Math.max(1, starts.findLastIndex((start) => start <= offset) + 1);
    return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
  };
}

function forbiddenFeature(node: Node): string | undefined {
  if (isAlias(node)) return "aliases (`*name`)";
  if ("anchor" in node && node.anchor !== undefined) return "anchors (`&name`)";
  if (node.tag !== undefined) return "tags (`!name`)";
  return undefined;
}

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
