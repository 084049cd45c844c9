import { TradsysError } from "../../domain/errors.ts";
import { isDigest } from "../../domain/ids.ts";
import type { GenerationPlugin } from "../../domain/plan.ts";
import type { TrustPolicy } from "../../domain/trust.ts";
import { type Revoked, withRevocation } from "../../manifest/trust-file.ts";
import { readCurrent, rootPaths } from "../../store/generations.ts";
import { learnPolicy, raiseTrustFloor } from "../../store/trust-floor.ts";
import { defineCommand, type Io } from "../command.ts";
import { rootOf, TRUST_OPTION, trustFile } from "../options.ts";
import { shownPath } from "../render.ts";
import { keyNamed, readPolicyFile, writePolicy } from "./policy.ts";

export const revokeCommand = defineCommand({
  usage: "revoke <name or digest> --reason TEXT",
  example: 'tradsys keys revoke ci --reason "laptop stolen" --root /srv/tradsys',
  options: {
    ...TRUST_OPTION,
    reason: {
      type: "string",
      value: "TEXT",
      description: "Why; printed whenever something is refused for it",
    },
    root: {
      type: "string",
      value: "DIR",
      description: "Also revoke it in this root, for good: nothing of it starts there from now on",
    },
  },
  positionals: [1, 1],

  async run({ flags, args: [wanted = ""] }, io) {
    const { reason } = flags;
    if (reason === undefined || reason.trim() === "") {
      throw new TradsysError("USAGE", "no reason given", {
        hint: 'Add --reason "laptop stolen"; it is told whenever something is refused for it.',
      });
    }
    const policyFile = await readPolicyFile(io, trustFile(io, flags));
    const { file, text, policy } = policyFile;
    const revoked = isDigest(wanted) ? { digest: wanted } : { name: keyNamed(policyFile, wanted).name };
    const known = isRevoked(policy, revoked);
    const edited = known
      ? policyFile
      : await writePolicy(io, file, withRevocation(text, { ...revoked, reason }));
    const root = flags.root === undefined ? undefined : rootOf(io, flags);
    const active = root === undefined ? [] : await teach(io, root, edited.policy);
    const hit = active.filter(({ content, blob }) => wanted === content || wanted === blob);
    return {
      data: {
        ...revoked,
        reason,
        added: !known,
        active: hit.map(({ name, version }) => ({ name, version })),
      },
      lines: [
        `${wanted} ${known ? "was revoked already" : "is revoked"} in ${shownPath(file, io.cwd)}`,
        ...(root === undefined ? [] : [`${wanted} is revoked in ${shownPath(root, io.cwd)}`]),
        ...hit.map(
          ({ name, version }) =>
            `${name}@${version} is active and will not start again: apply another set, or roll back`,
        ),
      ],
      diagnostics: edited.warnings,
    };
  },
});

const isRevoked = ({ revoked: { keys, digests } }: TrustPolicy, revoked: Revoked): boolean =>
  "name" in revoked
    ? keys.some(({ name }) => name === revoked.name)
    : digests.some(({ digest }) => digest === revoked.digest);

/** Tells a root all that a policy revokes. Returns what is active in it. */
async function teach(io: Io, root: string, policy: TrustPolicy): Promise<readonly GenerationPlugin[]> {
  if ((await io.files.kind(root)) !== "folder") {
    throw new TradsysError("FILE_MISSING", "there is no root here", { location: { file: root } });
  }
  await using _held = await io.files.lock(rootPaths(root).lock);
  await raiseTrustFloor(io.files, root, learnPolicy(policy, io.now()));
  return (await readCurrent(io.files, root))?.generation.plugins ?? [];
}
