import { basename, dirname, join, relative, resolve, sep } from "node:path";

import type { Metafile } from "esbuild";

import { isNodeBuiltin } from "../domain/builtins.ts";
import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import type { Look } from "../platform/look.ts";
import { isLicense } from "./notices.ts";
import { isOwnSource } from "./packages.ts";

/** What was seen by path, or `null` where there was nothing. */
type Seen = Readonly<Record<string, string | null>>;

/**
 * All that a result follows from, as it was found. As long as every witness says the same, the result is the same.
 *
 * That nothing was there counts too: a file that appears can change what an import leads to. What is seen of a file
 * is its digest, never its time.
 */
export interface Witnesses {
  /** Digests of what files hold. */
  readonly content: Seen;
  /** Digests of which names folders hold. */
  readonly names: Seen;
  /** Where paths lead. */
  readonly target: Seen;
}

/** Looks at places, each once, and remembers what was seen. */
export class Witnessing {
  readonly #seen = {
    content: new Map<string, string | null>(),
    names: new Map<string, readonly string[] | null>(),
    target: new Map<string, string | null>(),
  };
  readonly #look: Look;

  constructor(look: Look) {
    this.#look = look;
  }

  content(path: string): string | null {
    return once(this.#seen.content, path, this.#look.content);
  }

  names(path: string): readonly string[] | null {
    return once(this.#seen.names, path, this.#look.names);
  }

  target(path: string): string | null {
    return once(this.#seen.target, path, this.#look.target);
  }

  /** The files that were looked at. */
  files(): readonly string[] {
    return [...this.#seen.content.keys()];
  }

  /** Everything that was seen, by its path from a folder: what moves together stays the same. */
  from(folder: string): Witnesses {
    const shown = (path: string): string => relative(folder, path).split(sep).join("/");
    const record = <T>(seen: ReadonlyMap<string, T | null>, told: (what: T) => string | null): Seen =>
      Object.fromEntries([...seen].map(([path, what]) => [shown(path), what === null ? null : told(what)]));
    return {
      content: record(this.#seen.content, String),
      names: record(this.#seen.names, toldOf),
      target: record(this.#seen.target, shown),
    };
  }
}

function once<T>(seen: Map<string, T>, path: string, look: (path: string) => T): T {
  const known = seen.get(path);
  if (known !== undefined) return known;
  const now = look(path);
  seen.set(path, now);
  return now;
}

/**
 * Whether every place still looks as it did.
 *
 * @param folder Absolute path that the places were written down from, without symbolic links.
 */
export function stillHold({ content, names, target }: Witnesses, folder: string, look: Look): boolean {
  // The system resolves `..` itself, and in a tenth of the time: no link stands before it.
  const at = (path: string): string => `${folder}/${path}`;
  return (
    every(content, (path, before) => look.content(at(path)) === before) &&
    every(names, (path, before) => toldOf(look.names(at(path))) === before) &&
    every(
      target,
      (path, before) => look.target(at(path)) === (before === null ? null : resolve(folder, before)),
    )
  );
}

const every = (seen: Seen, holds: (path: string, before: string | null) => boolean): boolean =>
  Object.entries(seen).every(([path, before]) => holds(path, before));

const toldOf = (names: readonly string[] | null): string | null => names && sha256(canonical(names));

/**
 * Looks at everything that decided what esbuild bundled: the sources, and whatever else an import could have led to.
 *
 * @see https://nodejs.org/api/modules.html, "All together": the order in which a specifier is looked up.
 */
export function witnessSources(now: Witnessing, { inputs }: Metafile, root: string): void {
  for (const [input, { imports }] of Object.entries(inputs)) {
    const path = resolve(root, input);
    const importing = { now, root, folder: dirname(path) };
    now.content(path);
    witnessPackages(importing, undefined);
    for (const { path: found, original = found, external = false } of imports) {
      const isFile = !(external && isNodeBuiltin(found)) && !original.startsWith("<");
      if (isFile) witnessImport(importing, original);
    }
  }
}

/** Looks at the source maps that packages bring, from which that of the bundle is traced further. */
export function witnessMaps(now: Witnessing, { inputs }: Metafile, root: string): void {
  for (const input of Object.keys(inputs)) now.content(`${resolve(root, input)}.map`);
}

/** Looks at what the licence notices were taken from. */
export function witnessLicenses(now: Witnessing, packageFolders: readonly string[]): void {
  for (const folder of packageFolders) {
    for (const name of now.names(folder)?.filter(isLicense) ?? []) now.content(join(folder, name));
  }
}

/**
 * Looks at what a type check followed from.
 *
 * @param files Absolute paths of all that the compiler looked at.
 */
export function witnessTypes(now: Witnessing, root: string, files: readonly string[]): void {
  now.content(join(root, "tsconfig.json"));
  witnessImport({ now, root, folder: root }, "typescript");
  for (const file of files) {
    now.content(file);
    if (isOwnSource(relative(root, file))) now.names(dirname(file));
  }
}

interface Importing {
  readonly now: Witnessing;
  /** The plugin's folder. */
  readonly root: string;
  /** The importing file's folder. */
  readonly folder: string;
}

function witnessImport(importing: Importing, specifier: string): void {
  const { now, folder } = importing;
  if (/^[./]/.test(specifier)) return witnessPath(now, resolve(folder, specifier));
  const [name = specifier] = /^(?:@[^/]+\/)?[^/]+/.exec(specifier) ?? [];
  const found = witnessPackages(importing, name);
  if (found === undefined) return;
  now.content(join(found, "package.json"));
  // What is imported of the package: its `main`, or a path in it.
  if (specifier !== name) witnessPath(now, join(found, specifier.slice(name.length)));
}

/** A path may mean a file, one with an extension added or exchanged, or a folder's index. */
function witnessPath(now: Witnessing, path: string): void {
  now.target(dirname(path));
  const names = now.names(dirname(path));
  if (!names?.includes(basename(path)) || /\.[cm]?[jt]sx?$|\.json$/.test(path)) return;
  now.names(path);
  now.content(join(path, "package.json"));
}

/**
 * Goes up from the importing file as the lookup does: past every `package.json` that says how the file is meant, and
 * to the first folder whose `node_modules` has the package.
 */
function witnessPackages({ now, root, folder }: Importing, name: string | undefined): string | undefined {
  for (const each of above(folder)) {
    // What else appears in a folder above the plugin does not concern it.
    const names = isWithin(each, root) || each.includes("node_modules") ? now.names(each) : undefined;
    if (names?.includes("package.json") ?? true) now.content(join(each, "package.json"));
    if (name === undefined) continue;
    const modules = join(each, "node_modules");
    if (names ? !names.includes("node_modules") : now.target(modules) === null) continue;
    const found = join(modules, name);
    if (now.target(found) !== null) return found;
  }
  return undefined;
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

/** A folder and all above it. */
function above(folder: string): string[] {
  const up = dirname(folder);
  return up === folder ? [folder] : [folder, ...above(up)];
}
