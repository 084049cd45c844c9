import { Composer, Lexer, Parser, visit, type CST, type Document, type YAMLParseError } from "yaml";

import type { ErrorCode } from "../domain/codes.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { forbiddenCharacter } from "./text.ts";

/** One thing that keeps a text from being read, by offsets in it. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly start: number;
  readonly end: number;
  readonly hint?: string;
  readonly related?: { readonly message: string; readonly start: number; readonly end: number };
}

/** Levels of nesting, tokens in a file, and characters in one token: far above what anyone writes by hand. */
const MAX_DEPTH = 100;
const MAX_TOKENS = 100_000;
const MAX_TOKEN_LENGTH = 256 * 1024;

/**
 * Composes YAML 1.2 (core schema) whose size and depth are bounded before anything recurses or is built.
 * Names that stand twice are left to the caller: the composer's own search takes quadratic time.
 */
export function compose(text: string): Result<Document.Parsed, Fault> {
  const forbidden = forbiddenCharacter(text);
  if (forbidden) {
    return err(
      syntax(`the character ${forbidden.name} cannot be written as it is`, forbidden.at, {
        hint: `Remove it, or write \`\\u${forbidden.name.slice(2)}\` in double quotes.`,
      }),
    );
  }
  const tokens = tokensOf(text);
  if (!tokens.ok) return tokens;

  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
  });
  const [first, second] = [...composer.compose(tokens.value, true, text.length)];
  if (!first) throw new TypeError("the composer gives a document even for an empty text");
  const [error] = first.errors;
  if (error) return err(faultOf(error, first, text));
  return second
    ? err(syntax("a file holds one document, and here a second one starts", second.range[0]))
    : ok(first);
}

/** Reads tokens only as far as the text stays within its bounds, and up to the first that has no place in it. */
function tokensOf(text: string): Result<readonly CST.Token[], Fault> {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  let documents = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const { offset } = parser;
    for (const token of parser.next(lexeme)) {
      if (token.type === "directive") {
        return err({
          ...feature("directives (`%YAML`)", token.offset, token.offset + token.source.length),
          hint: "Remove it; manifests are YAML 1.2.",
        });
      }
      tokens.push(token);
      // Once the parser has lost its way, every further token is unexpected: only the first is worth telling.
      if (token.type === "error") return ok(tokens);
      if (token.type === "document") documents += 1;
    }
    // Two tell that there is more than one.
    if (documents > 1) return ok(tokens);
    count += 1;
    if (parser.stack.length > MAX_DEPTH) {
      return err(syntax(`nested more than ${MAX_DEPTH} levels deep`, offset));
    }
    if (count > MAX_TOKENS) return err(syntax("the file has more parts than any manifest needs", offset));
    if (lexeme.length > MAX_TOKEN_LENGTH) {
      return err(syntax(`this is longer than ${MAX_TOKEN_LENGTH} characters`, offset));
    }
  }
  tokens.push(...parser.end());
  return ok(tokens);
}

const syntax = (message: string, at: number, more: { readonly hint?: string } = {}): Fault => ({
  code: "YAML_SYNTAX",
  message,
  start: at,
  end: at + 1,
  ...more,
});

/** What YAML can do and manifests do not, since it lets a small text mean something large or surprising. */
export const feature = (what: string, start: number, end: number): Fault => ({
  code: "YAML_FEATURE",
  message: `${what} are not allowed in manifests`,
  start,
  end,
  hint: "Write the value out.",
});

function faultOf(
  { code, message, pos: [from, to] }: YAMLParseError,
  document: Document,
  text: string,
): Fault {
  const [plain, hint] = inPlainWords(code, message);
  const start =
    code === "MISSING_CHAR"
      ? (openedQuote(document, from) ?? from)
      : from + (/^ */.exec(text.slice(from))?.[0].length ?? 0);
  return { ...syntax(plain, start), end: Math.max(to, start + 1), ...(hint !== undefined && { hint }) };
}

/** Where the quote starts that is still open at an offset: the parser only tells where it gave up. */
function openedQuote(document: Document, offset: number): number | undefined {
  let opened: number | undefined;
  visit(document, {
    Scalar: (_, { type, range }) => {
      if (type?.startsWith("QUOTE") && range && range[1] >= offset) opened = range[0];
    },
  });
  return opened;
}

/** The parser speaks of flow maps and implicit keys; authors speak of brackets and lines. */
function inPlainWords(code: YAMLParseError["code"], message: string): readonly [string, string?] {
  switch (code) {
    case "BAD_INDENT":
      return message.startsWith("Flow")
        ? [
            `\`${message.endsWith("}") ? "}" : "]"}\` is missing before this`,
            "Close every `[` and `{`, or write one item a line.",
          ]
        : [
            "this line does not start where the lines around it do",
            "Give every field of one level the same indentation.",
          ];
    case "BLOCK_IN_FLOW":
      return ["`[` or `{` was opened above and is not closed", "Close it before this line."];
    case "BLOCK_AS_IMPLICIT_KEY":
      return [
        "a second `: ` on one line, or a field below a value",
        "Put a value that holds `: ` in quotes; move fields to lines of their own.",
      ];
    case "MULTILINE_IMPLICIT_KEY":
      return ["this line is not of the form `name: value`"];
    case "BAD_SCALAR_START":
      return [
        `a value cannot start with \`${message.at(-1)}\``,
        'Put it in quotes, for example `"@acme/plugin"`.',
      ];
    case "BAD_DQ_ESCAPE":
      return [
        `\`${message.split(" ").at(-1)}\` is no escape that double quotes know`,
        "Use single quotes, or write every `\\` twice.",
      ];
    case "TAB_AS_INDENT":
      return ["a tab cannot indent", "Indent with spaces."];
    case "MISSING_CHAR":
      return /quote/.test(message)
        ? ["a quote was opened and is not closed", "Close it on the line where it starts."]
        : [lowered(message)];
    case "UNEXPECTED_TOKEN":
      return ["this has no place here", "Look for a bracket, a quote or a `-` too many."];
    default:
      return [lowered(message)];
  }
}

const lowered = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);
