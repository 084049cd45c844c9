import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

import type { Diagnostic } from "../domain/diagnostic.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Files } from "../platform/files.ts";

/** What the author's own TypeScript says about a plugin. */
export type TypeCheck =
  | {
      readonly kind: "checked";
      readonly findings: readonly Diagnostic[];
      /** Absolute paths of all files that were looked at. */
      readonly files: readonly string[];
    }
  | { readonly kind: "skipped"; readonly reason: string };

/** `src/index.ts(3,5): error TS2322: …`; lines of the message that follow are indented. */
const FINDING = /^(?:(.+)\((\d+),(\d+)\): )?(error|warning) (TS\d+: .*(?:\n[ \t]+.*)*)$/gm;

/**
 * Checks a plugin with the `tsc` that is installed for it and its own `tsconfig.json`: the build takes types away
 * without looking at them. A plugin that has neither is not checked.
 *
 * @param folder Absolute path of the plugin's folder.
 */
export async function checkTypes(folder: string, files: Files): Promise<TypeCheck> {
  const project = join(folder, "tsconfig.json");
  if ((await files.kind(project)) !== "file") return { kind: "skipped", reason: "no tsconfig.json" };
  const tsc = await findCompiler(folder, files);
  if (tsc === undefined) return { kind: "skipped", reason: "TypeScript is not installed" };

  const { execa } = await import("execa");
  const args = [tsc, "-p", project, "--noEmit", "--pretty", "false", "--listFiles"];
  const { stdout, stderr, exitCode } = await execa(process.execPath, args, { cwd: folder, reject: false });
  const findings = [...stdout.matchAll(FINDING)].map((match) => diagnosticOf(match, folder, project));
  if (exitCode !== 0 && findings.length === 0) {
    throw new TradsysError("TYPE_ERROR", `tsc ended with status ${exitCode}: ${stderr || stdout}`.trim(), {
      location: { file: project },
    });
  }
  const listed = stdout.replaceAll(FINDING, "").split("\n").filter(Boolean);
  const looked = [...(await configsOf(project, files)), ...listed.map((path) => resolve(folder, path))];
  return { kind: "checked", findings, files: looked };
}

/** Largest `package.json` or `tsconfig.json` that is read, in bytes. */
const MAX_JSON_BYTES = 1024 * 1024;

/** A `tsconfig.json` and those that it extends. */
async function configsOf(project: string, files: Files): Promise<string[]> {
  const text = (await files.read(project, MAX_JSON_BYTES)).toString();
  const [, bases = ""] = /"extends"\s*:\s*("[^"]*"|\[[^\]]*\])/.exec(text) ?? [];
  const found = [...bases.matchAll(/"([^"]+)"/g)].flatMap(([, base = ""]) => resolved(base, project) ?? []);
  return [project, ...(await Promise.all(found.map((each) => configsOf(each, files)))).flat()];
}

function resolved(specifier: string, from: string): string | undefined {
  const { resolve: find } = createRequire(from);
  for (const each of [specifier, `${specifier}.json`, `${specifier}/tsconfig.json`]) {
    try {
      return find(each);
    } catch {
      // The next form, or nowhere: tsc has said so.
    }
  }
  return undefined;
}

async function findCompiler(folder: string, files: Files): Promise<string | undefined> {
  const json = resolved("typescript/package.json", join(folder, "plugin.yaml"));
  if (json === undefined) return undefined;
  const { bin } = JSON.parse((await files.read(json, MAX_JSON_BYTES)).toString()) as {
    readonly bin?: { readonly tsc?: string };
  };
  return bin?.tsc === undefined ? undefined : join(dirname(json), bin.tsc);
}

function diagnosticOf(match: RegExpExecArray, folder: string, project: string): Diagnostic {
  const [, file, line, column, severity, message = ""] = match;
  return {
    code: "TYPE_ERROR",
    severity: severity === "warning" ? "warning" : "error",
    message,
    location:
      file === undefined
        ? { file: project }
        : { file: resolve(folder, file), start: { line: Number(line), column: Number(column) } },
  };
}
