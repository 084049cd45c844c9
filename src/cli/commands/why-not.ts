import { TradsysError } from "../../domain/errors.ts";
import type { Candidate, Lock } from "../../domain/lock.ts";
import { explainHold } from "../../resolver/answers/explain.ts";
import { whyNot } from "../../resolver/answers/why-not.ts";
import { defineCommand } from "../command.ts";
import { highlight } from "../formats/highlight.ts";
import { ROOT_OPTION } from "../options.ts";
import { gaveUp, pluginOf, resolving } from "../resolving.ts";

export const whyNotCommand = defineCommand({
  usage: "<deployment> <plugin@version>",
  example: "tradsys why-not paper-desk.yaml @tradsys/md-normaliser@2.0.0",
  options: { ...ROOT_OPTION },
  positionals: [2, 2],

  async run({ flags, args: [arg = "", plugin = ""] }, io) {
    const { name, version } = pluginOf(plugin);
    if (version === undefined) {
      throw new TradsysError("USAGE", `which version of ${name}?`, {
        hint: `For example: \`${name}@2.0.0\``,
      });
    }
    const { request, file, lock } = await resolving(io, arg, flags);
    const answer = whyNot(request, name, version);
    switch (answer.kind) {
      case "gave-up":
        throw gaveUp(answer.steps, file);
      case "held-back":
        return {
          data: answer.conflict,
          lines: ({ paint }) =>
            explainHold(answer.conflict, version)
              .split("\n")
              .map((line) => highlight(line, paint)),
          exit: 1,
        };
      case "possible": {
        const changes = changesTo(answer.plugins, lock);
        const intro = `Nothing holds ${name} ${version} back.`;
        return {
          data: { changes },
          lines:
            changes.length === 0
              ? [`${name} ${version} is part of the set.`]
              : [intro, "With it, the set changes by", ...changes.map((change) => `  ${change}`)],
        };
      }
      default:
        return answer satisfies never;
    }
  },
});

function changesTo(plugins: readonly Candidate[], lock: Lock | undefined): readonly string[] {
  const was = new Map(lock?.plugins.map(({ name, version }) => [name, version]));
  return plugins.flatMap(({ manifest: { name, version } }) => {
    const old = was.get(name);
    if (old === version) return [];
    return [old === undefined ? `${name} ${version}` : `${name} ${old} → ${version}`];
  });
}
