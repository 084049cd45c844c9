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
  const { rememberCompiledCode } = await import("./compile-cache.ts");
  rememberCompiledCode();
  const { main } = await import("./main.ts");
  process.exitCode = await main(argv);
  // What a stopped plugin left behind, a timer or a socket, keeps no process alive.
  process.stdout.write("", () => process.stderr.write("", () => process.exit()));
}
