/**
 * Secrets by the forms that their issuers give them. Each form is one that nothing else has: a false alarm would
 * teach people to look away.
 *
 * @see The issuers' documentation of token formats; https://github.com/gitleaks/gitleaks holds a longer list.
 */
const FORMS: readonly (readonly [kind: string, form: RegExp])[] = [
  ["a private key", /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr])*[A-Za-z0-9+/=]{16}/],
  ["an AWS access key", /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82})\b/],
  ["a GitLab token", /\bglpat-[A-Za-z0-9_-]{20}/],
  ["an npm token", /\bnpm_[A-Za-z0-9]{36}\b/],
  ["a PyPI token", /\bpypi-AgEI[A-Za-z0-9_-]{50}/],
  ["a Slack token", /\bxox[abeoprs]-\d[A-Za-z0-9-]{20}/],
  ["a Slack webhook", /\bhooks\.slack\.com\/services\/T[A-Z0-9]{8,}\/B[A-Z0-9]{8,}\/[A-Za-z0-9]{24}/],
  ["a Telegram bot token", /\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b/],
  ["a Google API key", /\bAIza[A-Za-z0-9_-]{35}/],
  ["a Stripe key", /\b[rs]k_live_[A-Za-z0-9]{24}/],
  ["a Vault token", /\bhvs\.[A-Za-z0-9_-]{90}/],
  ["an age key", /\bAGE-SECRET-KEY-1[AC-HJ-NP-Z02-9]{58}\b/],
  ["a JSON Web Token", /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20}/],
];

/** One expression for all: the text is gone through once. */
const ANY = new RegExp(FORMS.map(([, { source }]) => `(${source})`).join("|"), "g");

/** Documentation marks its examples so: `AKIAIOSFODNN7EXAMPLE`. */
const isExample = (text: string): boolean => text.endsWith("EXAMPLE");

/** Where a text holds what looks like a secret, and what kind of secret. The secret itself is not repeated. */
export const secretsIn = (text: string) =>
  [...text.matchAll(ANY)]
    .filter(([match]) => !isExample(match))
    .map(({ index, ...match }) => ({ index, kind: FORMS[groupOf(match)]?.[0] ?? "a secret" }));

/** The first capturing group that took part; the forms themselves have none. */
const groupOf = (match: Readonly<Record<number, string | undefined>>): number =>
  FORMS.findIndex((_, i) => match[i + 1] !== undefined);
