import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, readlink } from "node:fs/promises";
import { userInfo } from "node:os";
import { join, relative } from "node:path";

import { expect } from "vitest";

export const repository = join(import.meta.dirname, "../..");
const commandLine = join(repository, "dist/cli/tradsys.js");

/** How a command ended, with all that it printed. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** Numeric user id to run as. */
  readonly uid?: number;
}

/** Runs a program to its end; a signal counts as status -1. */
export function execute(
  program: string,
  args: readonly string[],
  { cwd, env = {}, uid }: Surroundings & { readonly cwd: string },
): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const options = {
    cwd,
    env: { PATH: process.env["PATH"], ...env },
    maxBuffer: 64 * 1024 * 1024,
    ...(uid !== undefined && { uid }),
  };
  execFile(program, args, options, (error, stdout, stderr) => {
    const code = error ? (typeof error.code === "number" ? error.code : -1) : 0;
    resolve({ code, stdout, stderr });
  });
  return promise;
}

/** The arguments that start the built command line with this Node.js, as a person would type what follows. */
export const typed = (line: string): string[] => [commandLine, ...line.split(" ").filter(Boolean)];

/** Runs `tradsys <line>` in a folder. */
export const tradsys = (cwd: string, line: string, surroundings: Surroundings = {}): Promise<Ended> =>
  execute(process.execPath, typed(line), { cwd, ...surroundings });

/** Runs `tradsys <line> --json` and returns the one document that it prints. */
export async function tradsysJson(
  cwd: string,
  line: string,
): Promise<JsonOutcome & { readonly code: number }> {
  const { code, stdout, stderr } = await tradsys(cwd, `${line} --json`);
  expect(stderr).toBe("");
  return { code, ...(JSON.parse(stdout) as JsonOutcome) };
}

/** What `--json` prints. */
interface JsonOutcome {
  readonly ok: boolean;
  readonly data: unknown;
  readonly diagnostics: readonly { readonly code: string; readonly message: string }[];
}

/** Runs a command and compares what a person would see with `test/golden/cli/<golden>.txt`. */
export async function expectGolden(
  cwd: string,
  line: string,
  { golden, ...surroundings }: Surroundings & { readonly golden: string },
): Promise<Ended> {
  const ended = await tradsys(cwd, line, surroundings);
  await expectTranscript(golden, cwd, { line: `tradsys ${line}`, ended });
  return ended;
}

/**
 * The status of a command that is to be refused. It prints what its golden file says, shows no stack trace and
 * changes nothing in the folder.
 */
export async function refusal(
  cwd: string,
  line: string,
  expected: Parameters<typeof expectGolden>[2],
): Promise<number> {
  const before = await contentsOf(cwd);
  const { code, stderr } = await expectGolden(cwd, line, expected);
  expect(stderr).not.toMatch(/^ +at /m);
  expect(await contentsOf(cwd)).toEqual(before);
  return code;
}

/** Compares a command and its output with a golden file. */
export async function expectTranscript(
  golden: string,
  cwd: string,
  { line, ended: { code, stdout, stderr } }: { readonly line: string; readonly ended: Ended },
): Promise<void> {
  const parts = [`$ ${line}\n`, stdout, stderr === "" ? "" : `--- stderr\n${stderr}`, `--- exit ${code}\n`];
  await expect(steady(parts.join(""), cwd)).toMatchFileSnapshot(
    join(repository, "test/golden/cli", `${golden}.txt`),
  );
}

/** Replaces what differs from run to run, from machine to machine, and from compiler to compiler. */
function steady(text: string, folder: string): string {
  return text
    .replaceAll(folder, "<folder>")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "<digest>")
    .replaceAll(/\b[0-9a-f]{12}\b/g, "<digest>")
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<instant>")
    .replaceAll(/published \d{4}-\d\d-\d\d\b/g, "published <day>")
    .replaceAll(/\b\d+(?:\.\d+)? m?s\b/g, "<time>")
    .replaceAll(/\b\d+(?:\.\d+)? (?:B|[KM]iB)(?!\w)/g, "<size>")
    .replaceAll(/\bprocess \d+/g, "process <pid>")
    .replaceAll(`by ${userInfo().username} `, "by <user> ")
    .replaceAll(`${userInfo().username} made the plan`, "<user> made the plan")
    .replaceAll(process.versions.node, "<node>");
}

/** Every file and link below a folder with its content, so that two moments can be compared. */
export async function contentsOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const contents = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const content = entry.isSymbolicLink()
        ? `-> ${await readlink(path)}`
        : entry.isFile()
          ? createHash("sha256")
              .update(await readFile(path))
              .digest("hex")
          : "folder";
      return [relative(folder, path), content] as const;
    }),
  );
  return Object.fromEntries(contents.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
