import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from "yaml";

import type { Diagnostic, Location } from "../domain/diagnostic.ts";
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
  const lines = new LineCounter();
  const at = (start: number, end = start + 1): Location => ({
    file,
    start: positionOf(lines, start),
    end: positionOf(lines, end),
  });
  const document = compose(text, lines);
  if (!document) {
    return err([
      { code: "YAML_SYNTAX", severity: "error", message: "nested too deeply to read", location: { file } },
    ]);
  }
  const faults = document.errors.map((error): Diagnostic => ({
    code: "YAML_SYNTAX",
    severity: "error",
    message: error.message,
    location: at(...error.pos),
    ...(error.code === "TAB_AS_INDENT" && { hint: "Indent with spaces." }),
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

/** The parser recurses; text that exhausts the stack is text that nobody wrote by hand. */
function compose(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      prettyErrors: false,
      lineCounter,
      logLevel: "silent",
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function positionOf(lines: LineCounter, offset: number) {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
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
