import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  visit,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";

import type { ErrorCode } from "../domain/codes.ts";
import { feature, type Fault } from "./compose.ts";

/** More would not be read. */
const MAX_FAULTS = 20;

/**
 * What keeps a document from being plain data, the same for every reader: anchors, aliases, tags and merge keys,
 * names that are no text or stand twice, and values that JSON cannot carry.
 */
export function faultsInData(document: Document.Parsed): readonly Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Pair: (_, pair) => note(keyFault(pair)),
    Node: (_, node) => {
      if (isMap(node)) for (const fault of repeatedNames(node)) note(fault);
      return note(featureFault(node) ?? valueFault(node));
    },
  });
  return faults;

  function note(fault: Fault | undefined): symbol | undefined {
    if (fault) faults.push(fault);
    return faults.length >= MAX_FAULTS ? visit.BREAK : undefined;
  }
}

function featureFault(node: Node): Fault | undefined {
  const what = isAlias(node)
    ? "aliases (`*name`)"
    : "anchor" in node && node.anchor !== undefined
      ? "anchors (`&name`)"
      : node.tag === undefined
        ? undefined
        : "tags (`!name`)";
  return what === undefined ? undefined : feature(what, ...rangeOf(node));
}

function keyFault({ key }: Pair): Fault | undefined {
  if (!isScalar(key) || key.value === null)
    return faultAt(key, "YAML_FEATURE", "a field has a name that is not text");
  if (key.value === "<<" && key.type === "PLAIN") return feature("merge keys (`<<`)", ...rangeOf(key));
  return key.value === "__proto__"
    ? faultAt(key, "FIELD_UNKNOWN", "no field can have the name `__proto__`")
    : undefined;
}

/** JSON carries neither infinities nor halves of characters, and readers round large integers differently. */
function valueFault(node: Node): Fault | undefined {
  if (!isScalar(node)) return undefined;
  const { value, source = "" } = node;
  if (typeof value === "string" && !value.isWellFormed()) {
    return faultAt(node, "FIELD_VALUE", "half of a character, written as an escape, stands here alone");
  }
  if (typeof value !== "number") return undefined;
  if (!Number.isFinite(value))
    return faultAt(node, "FIELD_VALUE", `\`${source}\` is not a number that JSON can carry`);
  return Number.isSafeInteger(value) || !/^[-+]?\d+$/.test(source)
    ? undefined
    : {
        ...faultAt(node, "FIELD_VALUE", `\`${source}\` is too large to be exact as a number`),
        hint: "Put it in quotes.",
      };
}

function repeatedNames({ items }: YAMLMap): Fault[] {
  const seen = new Map<string, unknown>();
  return items.flatMap(({ key }): Fault[] => {
    if (!isScalar(key)) return [];
    const name = String(key.value);
    const first = seen.get(name);
    seen.set(name, first ?? key);
    if (first === undefined) return [];
    const [start, end] = rangeOf(first);
    return [
      {
        ...faultAt(key, "YAML_SYNTAX", `\`${name}\` is given twice`),
        hint: "Keep one of them.",
        related: { message: "it is given here first", start, end },
      },
    ];
  });
}

function faultAt(node: unknown, code: ErrorCode, message: string): Fault {
  const [start, end] = rangeOf(node);
  return { code, message, start, end };
}

function rangeOf(node: unknown): readonly [start: number, end: number] {
  const [start, end] = (isNode(node) ? node.range : undefined) ?? [0, 1];
  return [start, end];
}
