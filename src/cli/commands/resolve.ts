import { CODES } from "../../domain/codes.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { PluginName } from "../../domain/ids.ts";
import type { Lock } from "../../domain/lock.ts";
import type { Conflict } from "../../resolver/answers/conflict.ts";
import { explain } from "../../resolver/answers/explain.ts";
import { toLock } from "../../resolver/lock.ts";
import { resolve, type ResolveRequest } from "../../resolver/resolve.ts";
import { defineCommand, type Outcome } from "../command.ts";
import { plural, reviewable, short } from "../documents.ts";
import { ROOT_OPTION } from "../options.ts";
import { shownPath } from "../render.ts";
import { gaveUp, lockOf, pluginOf, resolving, STRATEGY_OPTION } from "../resolving.ts";
import { table } from "../table.ts";

export const resolveCommand = defineCommand({
  usage: "<deployment> [plugin to upgrade]...",
  example: "tradsys resolve paper-desk.yaml --upgrade @tradsys/risk-core --root /srv/tradsys",
  options: {
    ...ROOT_OPTION,
    ...STRATEGY_OPTION,
    upgrade: {
      type: "boolean",
      default: false,
      description: "Take the newest versions of the plugins named, or of all, over the locked ones",
    },
    frozen: {
      type: "boolean",
      default: false,
      description: "Take nothing but what is locked, and write nothing",
    },
  },
  positionals: [1, 1000],

  async run({ flags, args: [arg = "", ...names] }, io) {
    if (flags.upgrade && flags.frozen) {
      throw new TradsysError("USAGE", "--upgrade and --frozen ask for opposite things");
    }
    if (names.length > 0 && !flags.upgrade) {
      throw new TradsysError("USAGE", `what to do with ${names.join(", ")}?`, {
        hint: "--upgrade takes the newest versions of the plugins named.",
      });
    }
    const { frozen } = flags;
    const asked = await resolving(io, arg, flags);
    if (frozen) lockOf(asked);
    const { file, deployment, lockFile, lock: before, request } = asked;
    const outcome = resolve({ ...request, ...upgrading(request, flags.upgrade, names), frozen });
    if (outcome.kind === "gave-up") throw gaveUp(outcome.steps, file);
    if (outcome.kind === "conflict") return refused(outcome.conflict, file, frozen);
    const lock = toLock(deployment, request.host, outcome);
    if (!frozen) await io.files.write(lockFile, reviewable(lock));
    return { data: lock, lines: describe(lock, before, shownPath(lockFile, io.cwd)) };
  },
});

/** The proof in sentences, and for tools as data. */
function refused(conflict: Conflict, file: string, frozen: boolean): Outcome {
  const code = frozen ? "LOCK_STALE" : conflict.kind === "unknown" ? "PLUGIN_UNKNOWN" : "UNSATISFIABLE";
  const diagnostic = { code, severity: "error", message: explain(conflict), location: { file } } as const;
  return { data: conflict, lines: [], diagnostics: [diagnostic], exit: CODES[code] };
}

/** Without names, all of the lock is let go of. */
function upgrading(
  request: ResolveRequest,
  isUpgrade: boolean,
  names: readonly string[],
): Pick<ResolveRequest, "prefer" | "upgrade"> {
  if (isUpgrade && names.length === 0) return { prefer: new Map() };
  const upgrade = new Set<PluginName>(names.map((name) => pluginOf(name).name));
  return { prefer: request.prefer, upgrade };
}

function describe(lock: Lock, before: Lock | undefined, file: string): string[] {
  const was = Map.groupBy(before?.plugins ?? [], ({ name }) => name);
  const rows = lock.plugins.map(({ name, version, content, requiredBy, platforms }) => {
    const old = (was.get(name) ?? []).map((plugin) => plugin.version);
    const notes = [
      ...(old.length > 0 && !old.includes(version) ? [`(was ${old.join(", ")})`] : []),
      ...(platforms ? [`on ${platforms.join(", ")}`] : []),
    ];
    return [`  ${name}@${version}`, short(content), `for ${reasons(requiredBy)}`, notes.join(" ")];
  });
  return [
    `${plural(lock.plugins.length, "plugin")} → ${file}`,
    ...table(rows),
    ...(lock.optimal ? [] : ["There may be a better set: the search for it ran out of steps."]),
  ];
}

function reasons(requiredBy: readonly string[]): string {
  const [first = "nothing", ...others] = requiredBy;
  const named = first === "deployment" ? "the deployment" : first;
  return others.length === 0 ? named : `${named} and ${others.length} more`;
}
