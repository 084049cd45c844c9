import { spawn } from "node:child_process";

import { TradsysError } from "../domain/errors.ts";
import type { PublicKey, Signer } from "./keys.ts";

/** Longest answer that is taken for a signature, in bytes. */
const MAX_SIGNATURE_BYTES = 1024;
/** As much of a program's complaint as is kept, in bytes. */
const MAX_COMPLAINT_BYTES = 4096;

interface ExecSigner {
  /** The program, looked up on the PATH, and its arguments: given as they are, never to a shell. */
  readonly command: readonly [program: string, ...args: string[]];
  /** The key that the program signs with. */
  readonly publicKey: PublicKey;
  /** What the program finds in its environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds that one signature may take. */
  readonly timeoutMs: number;
}

/**
 * A signer that is a program: the command line of a key service, of a hardware module, of `openssl`. It reads the
 * bytes to sign from standard input and writes the signature to standard output, nothing else.
 *
 * Its `sign` rejects with {TradsysError} `SIGNER_FAILED`: the program cannot be started, fails, takes too long, or
 * answers with nothing or too much. Whether the answer is a signature is for `signBundle` to check.
 */
export const execSigner = ({ command, publicKey, env, timeoutMs }: ExecSigner): Signer => ({
  publicKey,
  sign: (bytes) =>
    new Promise((resolve, reject) => {
      const [program, ...args] = command;
      const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
      const answer: Buffer[] = [];
      const complaint: Buffer[] = [];

      const timer = setTimeout(() => end(`it did not answer within ${timeoutMs} ms`), timeoutMs);
      /** Its own children may hold the pipes open for ever, so they are not waited for. */
      const end = (failure: string | undefined, cause?: unknown): void => {
        clearTimeout(timer);
        child.kill("SIGKILL");
        child.stdout.destroy();
        child.stderr.destroy();
        if (failure === undefined) resolve(Buffer.concat(answer));
        else
          reject(signerFailed(program, { failure, complaint: Buffer.concat(complaint).toString(), cause }));
      };

      child.once("error", (error) => end("it cannot be started", error));
      // A program that does not read all of its input may still answer rightly.
      child.stdin.on("error", () => undefined);
      child.stdin.end(bytes);
      child.stderr.on("data", (chunk: Buffer) => {
        if (sizeOf(complaint) < MAX_COMPLAINT_BYTES) complaint.push(chunk.subarray(0, MAX_COMPLAINT_BYTES));
      });
      child.stdout.on("data", (chunk: Buffer) => {
        answer.push(chunk);
        if (sizeOf(answer) > MAX_SIGNATURE_BYTES) end(`it wrote more than ${MAX_SIGNATURE_BYTES} bytes`);
      });
      child.once("close", (code, signal) => {
        if (code !== 0) end(`it ended with ${signal ?? `status ${code}`}`);
        else end(answer.length === 0 ? "it wrote no signature" : undefined);
      });
    }),
});

const sizeOf = (chunks: readonly Buffer[]): number => chunks.reduce((sum, { length }) => sum + length, 0);

function signerFailed(
  program: string,
  {
    failure,
    complaint,
    cause,
  }: { readonly failure: string; readonly complaint: string; readonly cause: unknown },
): TradsysError {
  const said = complaint.trim().split(/\r?\n/).at(-1) ?? "";
  return new TradsysError("SIGNER_FAILED", `${program} made no signature: ${failure}${said && `: ${said}`}`, {
    cause,
    hint: "It must read the bytes from standard input and write the signature to standard output, and nothing else.",
  });
}
