import { resolve } from "node:path";

import { applyPlan } from "../../activation/activate.ts";
import { parsePlan } from "../../manifest/parse.ts";
import { activatedOutcome } from "../activated.ts";
import { defineCommand } from "../command.ts";
import { readDocument } from "../documents.ts";
import { ROOT_OPTION, rootOf, storeOf } from "../options.ts";

export const applyCommand = defineCommand({
  usage: "<plan>",
  example: "tradsys apply paper-desk.plan.json --root /srv/tradsys",
  options: ROOT_OPTION,
  positionals: [1, 1],

  async run({ flags, args: [file = ""] }, io) {
    const { value: plan } = await readDocument(io, resolve(io.cwd, file), parsePlan);
    await storeOf(io, flags);
    io.progress(`verifying ${plan.generation.plugins.length} bundles`);
    const { files, now, user: actor } = io;
    return activatedOutcome(await applyPlan(plan, { files, root: rootOf(io, flags), now, actor }));
  },
});
