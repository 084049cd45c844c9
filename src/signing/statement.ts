import { bundleFiles } from "../bundle/format.ts";
import { exactVersion } from "../bundle/manifest.ts";
import { atLeast, type Guard, listOf, oneOf, parseJson, text, textLike, textThat } from "../bundle/shape.ts";
import type { OpenBundle } from "../domain/bundle.ts";
import { canonical } from "../domain/canonical.ts";
import { type Digest, isPluginName, type PluginName } from "../domain/ids.ts";
import { err, ok, type Result } from "../domain/result.ts";
import type { Role } from "../domain/trust.ts";

const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PROVENANCE = "https://slsa.dev/provenance/v1";
const RELEASE = "https://tradsys.dev/attestation/release/v1";
const BUILD_TYPE = "https://tradsys.dev/build/v1";
const BUILDER = "https://tradsys.dev/build-plugin";

/** What a signature vouches for. */
export interface Claim {
  readonly role: Role;
  readonly name: PluginName;
  readonly version: string;
  /** Digest of the compressed bundle that was signed. */
  readonly blob: Digest;
  /** Digest of the archive in it. */
  readonly content: Digest;
}

/**
 * The statement that a signer in this role makes about a bundle, as the bytes that are signed.
 *
 * @see in-toto Statement v1; SLSA Provenance v1 for builders.
 */
export function statementFor(bundle: OpenBundle, role: Role): Buffer {
  const { manifest, blob, content } = bundle;
  const { archive, packed } = bundleFiles(manifest);
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [
      { name: packed, digest: { sha256: hexOf(blob) } },
      { name: archive, digest: { sha256: hexOf(content) } },
    ],
    ...(role === "builder"
      ? { predicateType: PROVENANCE, predicate: provenanceOf(bundle) }
      : { predicateType: RELEASE, predicate: { role, name: manifest.name, version: manifest.version } }),
  };
  return Buffer.from(canonical(statement));
}

/** How the bundle came to be. No time and no machine in it: the same build makes the same statement. */
const provenanceOf = ({ manifest: { name, version, entry, build } }: OpenBundle) => ({
  buildDefinition: {
    buildType: BUILD_TYPE,
    externalParameters: { name, version, entry },
    internalParameters: { options: build.options },
    resolvedDependencies: [
      { name: "inputs", digest: { sha256: hexOf(build.inputs) } },
      { name: "esbuild", uri: `pkg:npm/esbuild@${build.esbuild}` },
    ],
  },
  runDetails: { builder: { id: BUILDER } },
});

/** Reads the claim out of a signed payload; or tells why there is none. */
export function readClaim(payload: Buffer): Result<Claim, string> {
  const statement = parseJson(payload.toString());
  if (!isStatement(statement)) return err("its statement is not one about a bundle");
  const said = whatIsSaid(statement);
  if (!said) return err(`its statement is of type ${JSON.stringify(statement.predicateType)}`);

  const [first, second, ...others] = statement.subject;
  const { archive, packed } = bundleFiles(said);
  if (first?.name !== packed || second?.name !== archive || others.length > 0) {
    return err(`its statement is about other files than ${packed}`);
  }
  return ok({ ...said, blob: digestOf(first), content: digestOf(second) });
}

type Named = Pick<Claim, "name" | "version">;

/** The role spoken in follows from the type of the predicate, so that no provenance passes for an approval. */
function whatIsSaid({ predicateType, predicate }: Statement): Omit<Claim, "blob" | "content"> | undefined {
  if (predicateType === PROVENANCE && isProvenance(predicate)) {
    const { name, version } = predicate.buildDefinition.externalParameters;
    return { role: "builder", name, version };
  }
  if (predicateType === RELEASE && isApproval(predicate)) {
    const { role, name, version } = predicate;
    return { role, name, version };
  }
  return undefined;
}

interface Subject {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

interface Statement {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: unknown;
}

const isStatement = atLeast<Statement>({
  _type: oneOf(STATEMENT_TYPE),
  subject: listOf(
    atLeast<Subject>({
      name: text,
      digest: atLeast<Subject["digest"]>({ sha256: textLike(/^[0-9a-f]{64}$/) }),
    }),
  ),
  predicateType: text,
  predicate: (value): value is unknown => value !== undefined,
});

const named = { name: textThat(isPluginName), version: exactVersion };
const isApproval: Guard<Named & { role: "release" | "risk" }> = atLeast({
  role: oneOf("release", "risk"),
  ...named,
});
const isProvenance = atLeast<{ buildDefinition: { externalParameters: Named } }>({
  buildDefinition: atLeast<{ externalParameters: Named }>({ externalParameters: atLeast<Named>(named) }),
});

const hexOf = (digest: Digest): string => digest.slice("sha256:".length);
const digestOf = ({ digest }: Subject): Digest => `sha256:${digest.sha256}` as Digest;
