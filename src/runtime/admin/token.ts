import { randomBytes } from "node:crypto";

import { TradsysError } from "../../domain/errors.ts";
import type { Files } from "../../platform/files.ts";

/** Fewest characters of a token. What is made here has 43, of 256 bits. */
const MIN_LENGTH = 32;
const MAX_BYTES = 4096;

/**
 * Reads the token that opens an admin endpoint.
 *
 * @throws {TradsysError} `ADMIN_REFUSED` for a file that others may read and for a token that could be guessed;
 *   `FILE_MISSING`
 */
export async function readAdminToken(files: Files, path: string): Promise<string> {
  const token = (await files.read(path, MAX_BYTES)).toString("utf8").trim();
  const problem = !(await files.isPrivate(path, "file"))
    ? "others than its owner may read it, or it is a link"
    : token.length < MIN_LENGTH || !/^[\w.~+/=-]+$/.test(token)
      ? `a token has at least ${MIN_LENGTH} characters, of those that a header can carry`
      : undefined;
  if (problem === undefined) return token;
  throw new TradsysError("ADMIN_REFUSED", `the admin token cannot be used: ${problem}`, {
    hint: "For example: `umask 077; head -c 32 /dev/urandom | basenc --base64url > admin-token`",
    location: { file: path },
  });
}

/** Reads a token and makes one where there is none. @throws {TradsysError} as `readAdminToken`; `CANNOT_WRITE` */
export async function makeAdminToken(files: Files, path: string): Promise<string> {
  if ((await files.kind(path)) === "missing") {
    await files.write(path, `${randomBytes(32).toString("base64url")}\n`, 0o600);
  }
  return readAdminToken(files, path);
}
