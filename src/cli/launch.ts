import { lstatSync, mkdirSync } from "node:fs";
// Whole, since a name that an older Node.js does not know would keep even the complaint about it from being printed.
import * as nodeModule from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

import { version } from "./version.ts";

/** Oldest Node.js that the product runs on; also `engines` in package.json. */
const NEEDED = [24, 15] as const;

/**
 * Starts the command line, unless Node.js is too old to even parse it: nothing of it is imported before that
 * is known. The version is told without it, too.
 */
export async function launch(argv: readonly string[]): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
    process.stderr.write(
      `error[NODE_TOO_OLD]: tradsys needs Node.js ${NEEDED.join(".")} or newer, and this is ${process.versions.node}. \`npm install node@24\` puts one beside it.\n`,
    );
    process.exitCode = 78;
    return;
  }
  if (argv[0] === "--version" && argv.length === 1) {
    process.stdout.write(`${version}\n`);
    return;
  }
  rememberCompiledCode();
  const { main } = await import("./main.ts");
  process.exitCode = await main(argv);
  // What a stopped plugin left behind, a timer or a socket, keeps no process alive.
  process.stdout.write("", () => process.stderr.write("", () => process.exit()));
}

/**
 * Lets Node.js keep what V8 compiled of this program, which takes a fifth off the start of a command. Whoever can write
 * there decides what runs, so it is a folder of this user alone, or there is no cache. `NODE_DISABLE_COMPILE_CACHE=1` turns it off.
 */
function rememberCompiledCode(): void {
  try {
    const folder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "tradsys");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { mode, uid } = lstatSync(folder);
    const isPrivate = (mode & 0o170_077) === 0o040_000 && uid === process.getuid?.();
    if (isPrivate) nodeModule.enableCompileCache(folder);
  } catch {
    // It is only slower without.
  }
}
