import { closest } from "../../domain/closest.ts";
import type { Diagnostic } from "../../domain/diagnostic.ts";
import { failWith, TradsysError } from "../../domain/errors.ts";
import type { TrustedKey, TrustPolicy } from "../../domain/trust.ts";
import { parseTrust } from "../../manifest/parse.ts";
import { decodeText, MAX_TEXT_BYTES } from "../../manifest/text.ts";
import type { Io } from "../command.ts";
import { requireTrust } from "../documents.ts";

/** A trust policy as a file to be edited. */
interface PolicyFile {
  readonly file: string;
  readonly text: string;
  readonly policy: TrustPolicy;
  /** What has to be told of it. */
  readonly warnings: readonly Diagnostic[];
}

/** @throws {TradsysError} as `readTrust` does. */
export async function readPolicyFile(io: Io, file: string): Promise<PolicyFile> {
  await requireTrust(io, file);
  const text = decodeText(await io.files.read(file, MAX_TEXT_BYTES), file);
  if (!text.ok) throw failWith(text.error);
  return parsed(file, text.value);
}

/** Writes an edited policy, if it passes its own door. */
export async function writePolicy(io: Io, file: string, text: string): Promise<PolicyFile> {
  const edited = parsed(file, text);
  await io.files.write(file, text);
  return edited;
}

function parsed(file: string, text: string): PolicyFile {
  const policy = parseTrust(text, file);
  if (!policy.ok) throw failWith(policy.error);
  return { file, text, policy: policy.value.value, warnings: policy.value.warnings };
}

/** @throws {TradsysError} `KEY_UNKNOWN` */
export function keyNamed({ policy, file }: PolicyFile, name: string): TrustedKey {
  const found = policy.keys.find((key) => key.name === name);
  if (found) return found;
  const meant = closest(
    name,
    policy.keys.map((key) => key.name),
  );
  throw new TradsysError("KEY_UNKNOWN", `the trust policy has no key named ${name}`, {
    hint: meant === undefined ? "`tradsys keys list` shows its keys." : `Did you mean ${meant}?`,
    location: { file },
  });
}
