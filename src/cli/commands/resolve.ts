import { resolve as resolvePath } from "node:path";

import { TradsysError } from "../../domain/errors.ts";
import type { Lock } from "../../domain/lock.ts";
import { parseDeployment, parseLock } from "../../manifest/parse.ts";
import { explain } from "../../resolver/answers/explain.ts";
import { toLock } from "../../resolver/lock.ts";
import { resolve } from "../../resolver/resolve.ts";
import { listCandidates } from "../../store/read.ts";
import { defineCommand, type Io } from "../command.ts";
import { beside, plural, readDocument, reviewable, short } from "../documents.ts";
import { ROOT_OPTION, storeOf } from "../options.ts";
import { shownPath } from "../render.ts";
import { table } from "../table.ts";

/** Candidates that may be tried before the answer is `gave-up`. */
const STEP_BUDGET = 100_000;

export const resolveCommand = defineCommand({
  usage: "<deployment>",
  example: "tradsys resolve paper-desk.yaml --root /srv/tradsys",
  options: {
    ...ROOT_OPTION,
    upgrade: {
      type: "boolean",
      default: false,
      description: "Prefer the newest versions over the locked ones",
    },
  },
  positionals: [1, 1],

  async run({ flags, args: [arg = ""] }, io) {
    const file = resolvePath(io.cwd, arg);
    const { value: deployment } = await readDocument(io, file, parseDeployment);
    const candidates = await listCandidates(io.files, await storeOf(io, flags));
    const lockFile = beside(file, ".lock.json");
    const before = await existingLock(io, lockFile);
    const preferred = flags.upgrade ? [] : (before?.plugins ?? []);

    const outcome = resolve({
      requirements: deployment.plugins,
      candidates,
      host: io.host,
      prefer: new Map(preferred.map(({ name, version }) => [name, version])),
      stepBudget: STEP_BUDGET,
    });
    if (outcome.kind === "gave-up") {
      throw new TradsysError("GAVE_UP", `no answer after ${outcome.steps} steps; there may be one`, {
        hint: "Narrow the ranges of the deployment, so that fewer versions are possible.",
        location: { file },
      });
    }
    if (outcome.kind === "conflict") {
      const code = outcome.conflict.kind === "unknown" ? "PLUGIN_UNKNOWN" : "UNSATISFIABLE";
      throw new TradsysError(code, explain(outcome.conflict), { location: { file } });
    }
    const lock = toLock(deployment, io.host, outcome);
    await io.files.write(lockFile, reviewable(lock));
    return { data: lock, lines: describe(lock, before, shownPath(lockFile, io.cwd)) };
  },
});

async function existingLock(io: Io, file: string): Promise<Lock | undefined> {
  if ((await io.files.kind(file)) === "missing") return undefined;
  return (await readDocument(io, file, parseLock)).value;
}

function describe(lock: Lock, before: Lock | undefined, file: string): string[] {
  const was = new Map(before?.plugins.map(({ name, version }) => [name, version]));
  const rows = lock.plugins.map(({ name, version, content, requiredBy }) => {
    const old = was.get(name);
    const note = old !== undefined && old !== version ? `(was ${old})` : "";
    return [`  ${name}@${version}`, short(content), `for ${reasons(requiredBy)}`, note];
  });
  return [`${plural(lock.plugins.length, "plugin")} → ${file}`, ...table(rows)];
}

function reasons(requiredBy: readonly string[]): string {
  const [first = "nothing", ...others] = requiredBy;
  const named = first === "deployment" ? "the deployment" : first;
  return others.length === 0 ? named : `${named} and ${others.length} more`;
}
