import { isFileName } from "../bundle/archive.ts";
import { bundleFiles } from "../bundle/format.ts";
import { exactVersion, pluginKind } from "../bundle/manifest.ts";
import { atLeast, listOf, oneOf, parseJson, text, textLike, textThat } from "../bundle/shape.ts";
import type { OpenBundle } from "../domain/bundle.ts";
import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import { type Digest, isPluginName, type PluginName } from "../domain/ids.ts";
import type { PluginKind } from "../domain/manifest.ts";
import { err, ok, type Result } from "../domain/result.ts";
import type { Role } from "../domain/trust.ts";

const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PROVENANCE = "https://slsa.dev/provenance/v1";
const RELEASE = "https://tradsys.dev/attestation/release/v1";
const BUILD_TYPE = "https://tradsys.dev/build/v1";
const BUILDER = "https://tradsys.dev/build-plugin";

/** The plugin that a statement is about. */
export interface Subject {
  readonly name: PluginName;
  readonly version: string;
  readonly kind: PluginKind;
}

/** What a signature vouches for. */
export interface Claim extends Subject {
  readonly role: Role;
  /** Digest of the compressed bundle that was signed. */
  readonly blob: Digest;
  /** Digest of the archive in it. */
  readonly content: Digest;
  /** Every file in the archive, so that a change can be named. The digest of the archive decides. */
  readonly files: ReadonlyMap<string, { readonly sha256: Digest }>;
}

/**
 * The statement that a signer in this role makes about a bundle, as the bytes that are signed.
 *
 * @see in-toto Statement v1; SLSA Provenance v1 for builders.
 */
export function statementFor(bundle: OpenBundle, role: Role): Buffer {
  const { manifest, blob, content, files } = bundle;
  const { name, version, kind } = manifest;
  const { archive, packed } = bundleFiles(manifest);
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [
      resource(packed, blob),
      resource(archive, content),
      ...[...files].map(([path, bytes]) => resource(path, sha256(bytes))),
    ],
    ...(role === "builder"
      ? { predicateType: PROVENANCE, predicate: provenanceOf(bundle) }
      : { predicateType: RELEASE, predicate: { role, name, version, kind } }),
  };
  return Buffer.from(canonical(statement));
}

/** How the bundle came to be. No time and no machine in it: the same build makes the same statement. */
const provenanceOf = ({ manifest: { name, version, kind, entry, build } }: OpenBundle) => ({
  buildDefinition: {
    buildType: BUILD_TYPE,
    externalParameters: { name, version, kind, entry },
    internalParameters: { options: build.options },
    resolvedDependencies: [
      resource("inputs", build.inputs),
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

  const [first, second, ...inside] = statement.subject;
  const { archive, packed } = bundleFiles(said);
  if (first?.name !== packed || second?.name !== archive) {
    return err(`its statement is about other files than ${packed}`);
  }
  const files = new Map(inside.map((file) => [file.name, { sha256: digestOf(file) }]));
  if (files.size < inside.length || ![...files.keys()].every(isFileName)) {
    return err("its statement names files that no bundle can hold");
  }
  return ok({ ...said, blob: digestOf(first), content: digestOf(second), files });
}

/** The role spoken in follows from the type of the predicate, so that no provenance passes for an approval. */
function whatIsSaid({ predicateType, predicate }: Statement): (Subject & { role: Role }) | undefined {
  if (predicateType === PROVENANCE && isProvenance(predicate)) {
    const { name, version, kind } = predicate.buildDefinition.externalParameters;
    return { role: "builder", name, version, kind };
  }
  if (predicateType === RELEASE && isApproval(predicate)) {
    const { role, name, version, kind } = predicate;
    return { role, name, version, kind };
  }
  return undefined;
}

/** @see in-toto Statement v1, ResourceDescriptor */
interface Resource {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

interface Statement {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly Resource[];
  readonly predicateType: string;
  readonly predicate: unknown;
}

interface Provenance {
  readonly buildDefinition: { readonly externalParameters: Subject };
}

const isStatement = atLeast<Statement>({
  _type: oneOf(STATEMENT_TYPE),
  subject: listOf(
    atLeast<Resource>({
      name: text,
      digest: atLeast<Resource["digest"]>({ sha256: textLike(/^[0-9a-f]{64}$/) }),
    }),
  ),
  predicateType: text,
  predicate: (value): value is unknown => value !== undefined,
});

const subject = { name: textThat(isPluginName), version: exactVersion, kind: pluginKind };
const isApproval = atLeast<Subject & { role: "release" | "risk" }>({
  role: oneOf("release", "risk"),
  ...subject,
});
const isProvenance = atLeast<Provenance>({
  buildDefinition: atLeast<Provenance["buildDefinition"]>({ externalParameters: atLeast<Subject>(subject) }),
});

const resource = (name: string, digest: Digest): Resource => ({
  name,
  digest: { sha256: digest.slice("sha256:".length) },
});
const digestOf = ({ digest }: Resource): Digest => `sha256:${digest.sha256}` as Digest;
