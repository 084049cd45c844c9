import { Writable } from "node:stream";

import { TradsysError } from "../domain/errors.ts";

/** Everything up to the end of standard input. @throws {TradsysError} `FILE_TOO_LARGE` */
export async function readStandardInput(maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) {
      throw new TradsysError("FILE_TOO_LARGE", `standard input is longer than ${maxBytes} bytes`);
    }
  }
  return Buffer.concat(chunks);
}

/** Asks a question on the terminal and shows nothing of the answer. @throws {TradsysError} `KEY_LOCKED` on Ctrl-C */
export async function askSecret(question: string): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: unseen, terminal: true, historySize: 0 });
  const called = new AbortController();
  terminal.once("SIGINT", () => called.abort()).once("close", () => called.abort());
  process.stderr.write(question);
  try {
    return await terminal.question("", { signal: called.signal });
  } catch (cause) {
    throw new TradsysError("KEY_LOCKED", "no passphrase was given", { cause });
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}
