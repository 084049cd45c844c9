import { join, relative } from "node:path";

import type { Metafile } from "esbuild";

import { isNodeBuiltin, mayUseBuiltin } from "../domain/builtins.ts";
import { canonical } from "../domain/canonical.ts";
import type { Diagnostic, Location } from "../domain/diagnostic.ts";
import type { Manifest } from "../domain/manifest.ts";
import { positionAt, type Locate } from "./locate.ts";
import { usesOfGlobals } from "./network.ts";
import { isOwnSource, type NpmPackage } from "./packages.ts";
import { secretsIn } from "./secrets.ts";

interface Inspected {
  readonly manifest: Manifest;
  /** Absolute path. */
  readonly folder: string;
  readonly metafile: Metafile;
  readonly code: string;
  readonly packages: readonly NpmPackage[];
  /** Asked only where something is found. */
  readonly locator: () => Promise<Locate>;
}

/**
 * Holds compiled code to the plugin's manifest: what it may reach, what the host brings, what must not be in it.
 * In the plugin's own code each finding is an error. Third-party code may hold what it never reaches: what it would
 * reach for without permission gives one warning for all, and is refused or not there if it is reached.
 */
export async function inspect(inspected: Inspected): Promise<Diagnostic[]> {
  const { manifest, folder, metafile, code, packages, locator } = inspected;
  const suspects = suspectsIn(code);
  const locate = suspects.length > 0 ? await locator() : () => undefined;
  const located = suspects.map((suspect) => {
    const location = locate(positionAt(code, suspect.index));
    return { ...suspect, location, own: !location || isOwnSource(relative(folder, location.file)) };
  });
  const builtins = forbiddenBuiltins(manifest, metafile);
  const foreignNames = [
    ...builtins.flatMap(({ name, own }) => (own ? [] : [name])),
    ...located.flatMap(({ own, global }) => (own || global === undefined ? [] : [global])),
  ];
  return [
    ...builtins.flatMap(({ name, file, own }) => (own ? [forbidden(name, join(folder, file))] : [])),
    ...located.flatMap(({ own, location, secret, global }) =>
      secret === undefined
        ? own && global !== undefined
          ? [unreachable(global, location)]
          : []
        : [secretFound(secret, { own, location })],
    ),
    ...secretsInManifest(manifest, join(folder, "plugin.yaml")),
    ...bundledHostPackages(manifest, packages),
    ...(foreignNames.length > 0 ? [foreign(foreignNames)] : []),
  ];
}

interface Suspect {
  readonly index: number;
  readonly secret?: string;
  readonly global?: string;
}

const suspectsIn = (code: string): Suspect[] => [
  ...secretsIn(code).map(({ index, kind }) => ({ index, secret: kind })),
  ...usesOfGlobals(code).map(({ index, name }) => ({ index, global: name })),
];

/** Built-ins that are imported and that the manifest's permissions do not grant. */
function forbiddenBuiltins({ permissions }: Manifest, { inputs }: Metafile) {
  return Object.entries(inputs).flatMap(([file, { imports }]) =>
    imports
      .filter(({ path, external }) => external === true && isNodeBuiltin(path))
      .filter(({ path }) => !mayUseBuiltin(permissions, path))
      .map(({ path }) => ({ name: path.replace(/^node:/, ""), file, own: isOwnSource(file) })),
  );
}

const forbidden = (name: string, file: string): Diagnostic => ({
  code: "IMPORT_FORBIDDEN",
  severity: "error",
  message: `\`${name}\` is imported, and plugin.yaml does not permit it`,
  location: { file },
  hint: `If the plugin needs it, add \`${name}\` to permissions.builtins, or the hosts or paths it reaches to permissions.net or permissions.fs.`,
});

const unreachable = (name: string, location: Location | undefined): Diagnostic => ({
  code: "NETWORK_FORBIDDEN",
  severity: "error",
  message: `\`${name}\` reaches the network, and plugin.yaml permits no host`,
  ...(location && { location }),
  hint: "Add the hosts it reaches to permissions.net.",
});

function foreign(names: readonly string[]): Diagnostic {
  const list = [...new Set(names)].toSorted().join(", ");
  return {
    code: "IMPORT_FORBIDDEN",
    severity: "warning",
    message: `third-party code uses ${list}, which plugin.yaml does not permit; if it is reached, the loader refuses it`,
    hint: "Add to permissions.builtins or permissions.net what the plugin really needs.",
  };
}

/** What a package publishes is no secret any more, but worth a look. */
const secretFound = (
  kind: string,
  { own, location }: { readonly own: boolean; readonly location: Location | undefined },
): Diagnostic => ({
  code: "SECRET_IN_BUNDLE",
  severity: own ? "error" : "warning",
  message: `this looks like ${kind}, and it would be in the bundle`,
  ...(location && { location }),
  hint: own
    ? "Name it under permissions.secrets and ask the context for it; if it was ever committed, replace it."
    : "A package brings it along. Check that it is an example.",
});

const secretsInManifest = (manifest: Manifest, file: string): Diagnostic[] =>
  secretsIn(canonical(manifest)).map(({ kind }) => secretFound(kind, { own: true, location: { file } }));

/** A relative path goes around `hostProvided`, and the plugin would talk to a second copy of the package. */
function bundledHostPackages({ hostProvided }: Manifest, packages: readonly NpmPackage[]): Diagnostic[] {
  return packages
    .filter(({ name }) => hostProvided.includes(name))
    .map(({ name, version, folder }) => ({
      code: "HOST_PACKAGE_BUNDLED",
      severity: "error",
      message: `${name}@${version} is in the bundle although the host provides it`,
      location: { file: join(folder, "package.json") },
      hint: `Import it as \`${name}\`, not by its path.`,
    }));
}
