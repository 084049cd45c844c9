import { execFile } from "node:child_process";
import { cp, mkdtempDisposable, readFile, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

import { expect, it } from "vitest";

const root = dirname(dirname(import.meta.dirname));
const readme = await readFile(join(root, "README.md"), "utf8");

interface Block {
  readonly commands: string;
  /** What the README says they print; undefined where it shows nothing. */
  readonly output: string | undefined;
}

const blocks: readonly Block[] = [...readme.matchAll(/```sh\n([^]*?)```(?:\n\n```text\n([^]*?)```)?/g)].map(
  ([, commands = "", output]) => ({ commands, output }),
);
const isTour = ({ commands }: Block): boolean => commands.includes("tour");

/** What differs from run to run and from change to change: digests, durations, sizes. */
const settled = (text: string): string =>
  text
    .replaceAll(/\b[0-9a-f]{12}\b/g, "<digest>")
    .replaceAll(/\b[0-9.]+ ms\b/g, "<time>")
    .replaceAll(/\b[0-9.]+ (?:B|KiB|MiB)\b/g, "<size>")
    .trim();

/** Runs a block as it stands, in a folder that is like a checkout. `npx` finds what `npm ci` would put on the PATH. */
function run(commands: string, cwd: string): Promise<string> {
  const bin = [join(cwd, "bin"), join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter);
  const script = commands.replaceAll(/^npx /gm, "");
  const { promise, resolve } = Promise.withResolvers<string>();
  const env = { ...process.env, PATH: bin, NO_COLOR: "1" };
  execFile("sh", ["-c", `{ ${script}\n} 2>&1`], { cwd, env }, (_, stdout) => resolve(stdout));
  return promise;
}

it("shows what its commands really print", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "readme-"));
  await cp(join(root, "manifests"), join(folder.path, "manifests"), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder.path, "node_modules"));
  await symlink(join(root, "dist/cli"), join(folder.path, "cli"));
  await cp(join(import.meta.dirname, "bin"), join(folder.path, "bin"), { recursive: true });

  for (const { commands, output } of blocks.filter(isTour)) {
    const printed = await run(commands, folder.path);
    const told = output === undefined ? "" : settled(output);
    // Without an output the README promises that nothing goes wrong, not that nothing is said.
    expect(output === undefined ? settled(printed.match(/^error.*/m)?.[0] ?? "") : settled(printed)).toBe(
      told,
    );
  }
});

it("names the commands that are run on every change", async () => {
  const pipeline = await readFile(join(root, ".ci/run"), "utf8");
  const commands = blocks
    .filter((block) => !isTour(block))
    .flatMap((block) => block.commands.trim().split("\n"));
  expect(commands).toEqual(["npm ci", "npm run demo", "npm test"]);
  for (const command of commands) expect(pipeline.split("\n")).toContain(command);
});
