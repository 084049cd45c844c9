/**
 * The part of a regular expression that may take exponential time on some text; `undefined` where none can.
 *
 * Conservative: whatever is repeated must match in one way only. A repeated group holds no inner repeat, except for
 * one beside a single character that nothing else in the group matches, as the hyphen in `[a-z]+(?:-[a-z]+)*`; its
 * choices begin with different characters. Polynomial time is left to the deadline of whoever runs the pattern.
 *
 * @param pattern Compiles with the flag `u`.
 */
export function backtrackingPart(pattern: string): string | undefined {
  let at = 0;
  let found: string | undefined;
  choice();
  return found;

  function choice(): Branches {
    const branches = [sequence()];
    for (; pattern[at] === "|"; branches.push(sequence())) at += 1;
    return branches;
  }

  function sequence(): Part[] {
    const parts: Part[] = [];
    while (at < pattern.length && !/[|)]/.test(pattern[at] ?? "")) parts.push(part());
    return parts;
  }

  function part(): Part {
    const start = at;
    const opening = take(OPENING);
    let branches: Branches | undefined;
    if (opening === "") {
      take(CHARACTER);
    } else {
      branches = choice();
      at += 1;
    }
    const atom = pattern.slice(start, at);
    const quantifier = take(QUANTIFIER);
    if ((branches && maximumOf(quantifier) > 1 && !matchesOneWay(branches)) || BACK_REFERENCE.test(atom)) {
      found ??= atom + quantifier;
    }
    return {
      atom: branches ? undefined : atom,
      varies: /^(?:[*+?]|\{\d+,)/.test(quantifier) || (branches !== undefined && !isFixed(branches)),
    };
  }

  function take(what: RegExp): string {
    const [text = ""] = what.exec(pattern.slice(at)) ?? [];
    at += text.length;
    return text;
  }
}

interface Part {
  /** What stands for one character; `undefined` for a group. */
  readonly atom: string | undefined;
  /** Matches texts of different lengths, or one in several ways. */
  readonly varies: boolean;
}

type Branches = readonly (readonly Part[])[];

const OPENING = /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/;
const CHARACTER =
  /^(?:\\(?:u\{[^}]*\}|u[\dA-Fa-f]{4}|x[\dA-Fa-f]{2}|[pP]\{[^}]*\}|k<\w+>|c.|\d+|.)|\[(?:\\.|[^\]\\])*\]|.)/su;
const QUANTIFIER = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/;
const BACK_REFERENCE = /^\\[1-9k]/;

function maximumOf(quantifier: string): number {
  if (/^[*+]/.test(quantifier)) return Infinity;
  const [, least = "1", comma, most] = /^\{(\d+)(,?)(\d*)\}/.exec(quantifier) ?? [];
  return comma ? Number(most || Infinity) : Number(least);
}

const isFixed = ([only, ...others]: Branches): boolean =>
  others.length === 0 && only !== undefined && only.every(({ varies }) => !varies);

function matchesOneWay(branches: Branches): boolean {
  const [parts = [], ...others] = branches;
  if (others.length > 0) {
    return (
      branches.every((branch) => isFixed([branch])) && areApart(branches.map((branch) => branch[0]?.atom))
    );
  }
  const varying = parts.filter(({ varies }) => varies).length;
  const atoms = parts.map(({ atom }) => atom);
  const last = parts.length - 1;
  const isBounded =
    (parts[0]?.varies === false && isApart(atoms[0], atoms.slice(1))) ||
    (parts[last]?.varies === false && isApart(atoms[last], atoms.slice(0, last)));
  return varying === 0 || (varying === 1 && isBounded);
}

type Atoms = readonly (string | undefined)[];

/** No character is matched by two of them. */
const areApart = (atoms: Atoms): boolean => {
  const patterns = compiled(atoms);
  return (
    patterns !== undefined &&
    SAMPLE.every((text) => patterns.filter((pattern) => pattern.test(text)).length < 2)
  );
};

/** No character that `atom` matches is matched by any other. */
const isApart = (atom: string | undefined, others: Atoms): boolean => {
  const [pattern, ...rest] = compiled([atom, ...others]) ?? [];
  return (
    pattern !== undefined &&
    !SAMPLE.some((text) => pattern.test(text) && rest.some((other) => other.test(text)))
  );
};

/** `undefined` where one of them is more than a character. */
const compiled = (atoms: Atoms): readonly RegExp[] | undefined =>
  atoms.every((atom) => atom !== undefined) ? atoms.map((atom) => new RegExp(`^${atom}$`, "u")) : undefined;

/** Characters that stand for all: ASCII, and one of each kind beyond. */
const SAMPLE = Array.from({ length: 0x80 }, (_, code) => code)
  .concat(0xa0, 0xdf, 0xe9, 0x416, 0x639, 0x660, 0x2028, 0x65e5, 0x1f600)
  .map((code) => String.fromCodePoint(code));
