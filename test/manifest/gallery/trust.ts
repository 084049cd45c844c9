const LINES = [
  "apiVersion: tradsys/trust/v1",
  "keys:",
  "  - name: ci-2026",
  "    role: builder",
  "    publicKey: |",
  "      -----BEGIN PUBLIC KEY-----",
  "      MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
  "      -----END PUBLIC KEY-----",
  "    notBefore: 2026-01-01",
  "    notAfter: 2026-12-31",
  "threshold: { builder: 1 }",
  "revoked: { keys: [], digests: [] }",
];

/** A valid trust policy, with one line replaced (counted from 1). */
export function trustText(number = 0, text = ""): string {
  return `${LINES.map((line, i) => (i === number - 1 ? text : line)).join("\n")}\n`;
}

/** Mistakes in a trust policy, each as the whole text it stands in. */
export const trustMistakes: Readonly<Record<string, string>> = {
  "role-misspelt": trustText(4, "    role: bilder"),
  "role-unknown": trustText(4, "    role: auditor"),
  "key-without-role": trustText(4),
  "key-name-with-space": trustText(3, "  - name: ci 2026"),
  "key-twice": trustText(10, '  - { name: ci-2026, role: builder, publicKey: "" }'),
  "key-field-misspelt": trustText(10, "    notAftr: 2026-12-31"),
  "day-misformed": trustText(9, "    notBefore: 1 January 2026"),
  "day-that-is-none": trustText(9, "    notBefore: 2026-02-30"),
  "days-reversed": trustText(9, "    notBefore: 2027-01-01"),
  "threshold-missing": trustText(11),
  "threshold-empty": trustText(11, "threshold: {}"),
  "threshold-negative": trustText(11, "threshold: { builder: -1 }"),
  "threshold-role-unknown": trustText(11, "threshold: { bilder: 1 }"),
  "threshold-unreachable": trustText(11, "threshold: { builder: 2, risk: 1 }"),
  "revoked-key-unknown": trustText(12, "revoked: { keys: [{ name: ci-2025, reason: lost }] }"),
  "revoked-without-reason": trustText(12, "revoked: { keys: [{ name: ci-2026 }] }"),
  "revoked-digest-short": trustText(12, "revoked: { digests: [{ digest: sha256:abc, reason: bad }] }"),
  "plugins-as-text": trustText(10, "    plugins: acme"),
};
