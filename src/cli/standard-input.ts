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
