import { resolve } from "node:path";

import { applyPlan, rehearsePlan, type Rehearsal } from "../../activation/activate.ts";
import { openPlan } from "../../activation/status.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { Plan } from "../../domain/plan.ts";
import { parsePlan } from "../../manifest/parse.ts";
import { activatedOutcome } from "../activated.ts";
import { readApprovals } from "../approvals.ts";
import { defineCommand, type Io, type Outcome } from "../command.ts";
import { readDocument, short } from "../documents.ts";
import { GATE_OPTIONS, gateFrom } from "../gates.ts";
import { ROOT_OPTION, rootOf, storeOf, WAIT_OPTION, waitOf } from "../options.ts";
import { smokeLoad } from "../smoke-load.ts";

export const applyCommand = defineCommand({
  usage: "<plan> | --resume",
  example: "tradsys apply paper-desk.plan.json --root /srv/tradsys",
  options: {
    ...ROOT_OPTION,
    "dry-run": { type: "boolean", description: "Check everything, and change nothing" },
    until: { type: "string", value: "WAVE", description: "Stop after this wave" },
    resume: { type: "boolean", description: "Go on with the plan that was stopped or cut short here" },
    ...GATE_OPTIONS,
    ...WAIT_OPTION,
  },
  positionals: [0, 1],

  async run({ flags, args }, io) {
    const root = rootOf(io, flags);
    const waitMs = waitOf(flags);
    const until = flags.until === undefined ? undefined : waveOf(flags.until);
    const { plan, approvals } = await planFrom(io, root, { file: args[0], resume: flags.resume === true });
    await storeOf(io, flags);
    io.progress(`verifying ${plan.generation.plugins.length} bundles`);
    const gate = await gateFrom(io, root, flags);
    const { files, now, user: actor, signal } = io;
    const activation = { files, root, now, actor, signal, waitMs, tryOut: smokeLoad, ...(gate && { gate }) };
    return flags["dry-run"] === true
      ? rehearsalOutcome(await rehearsePlan(plan, activation, { approvals }))
      : activatedOutcome(await applyPlan(plan, activation, { approvals, until }));
  },
});

interface GivenPlan {
  readonly plan: Plan;
  readonly approvals: readonly string[];
}

/** The plan that is named with the approvals beside it, or the one that the root was left with. */
async function planFrom(
  io: Io,
  root: string,
  { file, resume }: { readonly file: string | undefined; readonly resume: boolean },
): Promise<GivenPlan> {
  if (resume === (file !== undefined)) {
    throw new TradsysError("USAGE", resume ? "--resume takes no plan" : "missing argument: expected <plan>", {
      hint: `For example: \`${applyCommand.example}\``,
    });
  }
  if (file !== undefined) {
    const path = resolve(io.cwd, file);
    const { value: plan } = await readDocument(io, path, parsePlan);
    return { plan, approvals: await readApprovals(io, path) };
  }
  const open = await openPlan(io.files, root);
  if (!open) {
    throw new TradsysError("NOTHING_OPEN", "there is no plan to go on with here", {
      hint: "`tradsys status` tells how things stand.",
      location: { file: root },
    });
  }
  const { value: plan } = await readDocument(io, open.file, parsePlan);
  return { plan, approvals: open.approvals };
}

function waveOf(text: string): number {
  const wave = Number(text);
  if (Number.isSafeInteger(wave) && wave > 0) return wave;
  throw new TradsysError("USAGE", `\`${text}\` is not the number of a wave`, {
    hint: "Waves are counted from 1, as `tradsys plan` shows them.",
  });
}

const rehearsalOutcome = (rehearsal: Rehearsal): Outcome => ({
  data: rehearsal,
  lines: [
    ...rehearsal.stages.map(({ wave, digest }) => `wave ${wave}  generation ${short(digest)}`),
    rehearsal.stages.length === 0
      ? `generation ${short(rehearsal.to)} is active already`
      : "this would be applied; nothing was changed",
  ],
});
