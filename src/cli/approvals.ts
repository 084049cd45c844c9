import { basename, dirname, join } from "node:path";

import { ENVELOPE_BYTES } from "../bundle/format.ts";
import type { Digest } from "../domain/ids.ts";
import type { Io } from "./command.ts";
import { short } from "./documents.ts";

/** Approvals lie beside their plan, one file for each key. */
const APPROVAL_SUFFIX = ".approval.json";

export const approvalFile = (planFile: string, keyId: Digest): string =>
  `${planFile}.${short(keyId)}${APPROVAL_SUFFIX}`;

/** The envelopes of every approval beside a plan, in the order of their names. */
export async function readApprovals({ files }: Io, planFile: string): Promise<readonly string[]> {
  const folder = dirname(planFile);
  const names = (await files.list(folder)).filter(
    (name) => name.startsWith(`${basename(planFile)}.`) && name.endsWith(APPROVAL_SUFFIX),
  );
  return Promise.all(
    names.map(async (name) => (await files.read(join(folder, name), ENVELOPE_BYTES)).toString("utf8")),
  );
}
