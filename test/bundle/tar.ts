const BLOCK = 512;

/** A header as bundles have it; `edit` then breaks it, and the checksum is made right again. */
export function entry(
  name: string,
  body: Buffer | string,
  edit: (header: Buffer) => void = () => undefined,
): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write("000644 \0", 100);
  header.write("000000 \0", 108);
  header.write("000000 \0", 116);
  header.write(`${bytes.length.toString(8).padStart(10, "0")} \0`, 124);
  header.write("0000000000 \0", 136);
  header.write("0ustar\0", 156);
  header.fill(0, 157, 257);
  header.write("ustar\u000000", 257);
  header.write("000000 \u0000000000 \0", 329);
  edit(header);
  return Buffer.concat([withChecksum(header), bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

/** Puts the right checksum into a header. */
export function withChecksum(header: Buffer): Buffer {
  header.fill(" ", 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte)
      .toString(8)
      .padStart(6, "0")} \0`,
    148,
  );
  return header;
}

export const archive = (...entries: readonly Buffer[]): Buffer =>
  Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
