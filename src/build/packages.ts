import { dirname, join, relative, sep } from "node:path";

import { byText } from "../domain/by-text.ts";
import type { Files } from "../platform/files.ts";

/** The fields of a `package.json` that a build looks at. */
interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** An npm package that ended in a bundle. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  readonly json: PackageJson;
}

const MAX_PACKAGE_JSON = 1024 * 1024;

/** Finds the package that a source file belongs to. */
export type FindPackage = (file: string) => Promise<NpmPackage | undefined>;

/**
 * Finds the nearest folder above a file whose `package.json` has a name and a version (packages put bare
 * `{"type": "module"}` files in subfolders). Every folder is looked at once.
 */
export function packageFinder(files: Files): FindPackage {
  const known = new Map<string, Promise<NpmPackage | undefined>>();
  const owning = (folder: string): Promise<NpmPackage | undefined> => {
    const found = known.get(folder) ?? search(folder);
    known.set(folder, found);
    return found;
  };
  const search = async (folder: string): Promise<NpmPackage | undefined> => {
    const own = await readPackage(folder, files);
    return own ?? (folder === dirname(folder) ? undefined : owning(dirname(folder)));
  };
  return (file) => owning(dirname(file));
}

async function readPackage(folder: string, files: Files): Promise<NpmPackage | undefined> {
  const path = join(folder, "package.json");
  if ((await files.kind(path)) !== "file") return undefined;
  const json = JSON.parse((await files.read(path, MAX_PACKAGE_JSON)).toString("utf8")) as PackageJson;
  const { name, version } = json;
  return name === undefined || version === undefined ? undefined : { name, version, folder, json };
}

/** Whether a path relative to the plugin's folder is the plugin's own code, not a package's. */
export const isOwnSource = (path: string): boolean => !path.startsWith("..") && !isInstalled(path);

/** Whether a path is that of a file which a package manager put in its place. */
export const isInstalled = (path: string): boolean => path.split(/[/\\]/).includes("node_modules");

/** A source file of a bundle under the name it has on every machine. */
export interface Input {
  /** `src/index.ts` for the plugin's own, `npm:<package>@<version>/<path>` for a package's. */
  readonly name: string;
  readonly path: string;
  readonly package: NpmPackage | undefined;
}

/** Gives every input of a build its name, in name order; equal for npm's and pnpm's layouts. */
export async function nameInputs(
  paths: readonly string[],
  root: string,
  findPackage: FindPackage,
): Promise<Input[]> {
  const inputs = await Promise.all(
    paths.map(async (path): Promise<Input> => {
      const own = relative(root, path);
      if (isOwnSource(own)) return { name: posixPath(own), path, package: undefined };
      const owner = await findPackage(path);
      if (!owner) return { name: posixPath(own), path, package: undefined };
      const name = `npm:${owner.name}@${owner.version}/${posixPath(relative(owner.folder, path))}`;
      return { name, path, package: owner };
    }),
  );
  return inputs.toSorted((a, b) => byText(a.name, b.name));
}

/** The distinct packages among the inputs, in name order. */
export function packagesOf(inputs: readonly Input[]): NpmPackage[] {
  const byId = new Map(
    inputs.flatMap(({ package: p }) => (p ? [[`${p.name}@${p.version}`, p] as const] : [])),
  );
  return [...byId].toSorted(([a], [b]) => byText(a, b)).map(([, found]) => found);
}

const posixPath = (path: string): string => path.split(sep).join("/");
