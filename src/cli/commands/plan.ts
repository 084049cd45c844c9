import { resolve } from "node:path";

import { TradsysError } from "../../domain/errors.ts";
import { isPluginName } from "../../domain/ids.ts";
import type { AcceptedEvidence, Plan } from "../../domain/plan.ts";
import { checkPlan } from "../../planner/check/check-plan.ts";
import { explainRefusal } from "../../planner/explain.ts";
import { planDeployment, type PlanInput } from "../../planner/plan.ts";
import { REFUSAL_CODES, type Refusal } from "../../planner/refusal.ts";
import { refuseForgedRecord } from "../../store/record.ts";
import { verifyGeneration, warningsAbout } from "../../store/verified-plugin.ts";
import { defineCommand, oneOf, type Outcome } from "../command.ts";
import { beside, reviewable } from "../documents.ts";
import { ROOT_OPTION, rootOf, storeOf } from "../options.ts";
import { dot, mermaid } from "../plan/graph.ts";
import { planInputs } from "../plan/inputs.ts";
import { originsOf } from "../plan/origins.ts";
import { planText } from "../plan/text.ts";
import { shownPath } from "../render.ts";

const FORMATS = ["text", "json", "mermaid", "dot"] as const;

export const planCommand = defineCommand({
  usage: "<deployment>",
  example: "tradsys plan paper-desk.yaml --root /srv/tradsys --html plan.html",
  options: {
    ...ROOT_OPTION,
    out: {
      type: "string",
      value: "FILE",
      description: "Where the plan goes (default: <deployment>.plan.json)",
    },
    html: { type: "string", value: "FILE", description: "Also write the plan as a page to look at" },
    format: {
      type: "string",
      value: "FORMAT",
      choices: FORMATS,
      default: "text",
      description: "text, json, mermaid or dot",
    },
    at: { type: "string", value: "INSTANT", description: "When it is to be applied (default: now)" },
    timings: { type: "string", value: "FILE", description: "Measured times of facets in ms, as JSON" },
    "accept-one-way": { type: "boolean", default: false, description: "Take steps that cannot be undone" },
    accept: {
      type: "string",
      multiple: true,
      value: "EVIDENCE",
      description: "Do without evidence, as @acme/risk:shadow=REASON; whoever approves the plan accepts that",
    },
    emergency: { type: "string", value: "REASON", description: "Go ahead outside of the legal window" },
  },
  positionals: [1, 1],

  async run({ flags, args: [arg = ""] }, io) {
    const format = oneOf(FORMATS, flags.format, "format");
    const file = resolve(io.cwd, arg);
    const root = rootOf(io, flags);
    const at = flags.at === undefined ? io.now() : instantOf(flags.at);
    const places = { file, root, store: await storeOf(io, flags), timings: flags.timings };
    const { input: given, deployment } = await planInputs(io, places);
    const { emergency, "accept-one-way": acceptsOneWay } = flags;
    const accepted = flags.accept?.map(acceptedIn) ?? [];
    if (emergency?.trim() === "") throw new TradsysError("USAGE", "an emergency needs a reason");
    const input: PlanInput = {
      ...given,
      request: {
        author: io.user,
        at,
        acceptsOneWay,
        accepted,
        ...(emergency !== undefined && { emergency }),
      },
    };

    const planned = planDeployment(input);
    if (!planned.ok) {
      const related =
        planned.error.kind === "cycle"
          ? await originsOf(io, planned.error, { file, deployment, manifests: input.manifests })
          : [];
      throw refused(planned.error, file, related);
    }
    const plan = planned.value;
    requireSound(plan, input);
    // A plan that could not be applied is no plan.
    const verified = await verifyGeneration(
      { ...plan.generation, plugins: [...plan.generation.plugins, ...plan.adapters] },
      { files: io.files, root, now: io.now() },
    );
    const records = new Map(
      [...(input.adapters ?? []), ...input.manifests.values()].map((each) => [each.content, each]),
    );
    for (const { content, bundle } of verified) refuseForgedRecord(records.get(content), bundle);

    const target = flags.out === undefined ? beside(file, ".plan.json") : resolve(io.cwd, flags.out);
    await io.files.write(target, reviewable(plan));
    if (flags.html !== undefined) {
      const { planPage } = await import("../plan/page.ts");
      await io.files.write(resolve(io.cwd, flags.html), planPage(plan));
    }
    return { ...printed(plan, format, shownPath(target, io.cwd)), diagnostics: warningsAbout(verified) };
  },
});

function printed(plan: Plan, format: (typeof FORMATS)[number], file: string): Outcome {
  const outcome = { data: plan, lines: planText(plan, file) };
  switch (format) {
    case "text":
      return outcome;
    case "json":
      return { ...outcome, document: reviewable(plan) };
    case "mermaid":
      return { ...outcome, document: mermaid(plan) };
    case "dot":
      return { ...outcome, document: dot(plan) };
    default:
      return format satisfies never;
  }
}

function refused(
  refusal: Refusal,
  file: string,
  related: Awaited<ReturnType<typeof originsOf>>,
): TradsysError {
  const code = REFUSAL_CODES[refusal.kind];
  const { message, hint } = explainRefusal(refusal);
  const location = { file };
  const diagnostic = {
    code,
    severity: "error",
    message,
    location,
    hint,
    ...(related.length > 0 && { related }),
  } as const;
  return new TradsysError(code, message, { diagnostics: [diagnostic] });
}

/** A plan that its checker refuses is a mistake of the planner: it must not reach anyone. */
function requireSound(plan: Plan, { manifests, base, adapters = [] }: PlanInput): void {
  const known = [...manifests.values(), ...(base?.manifests.values() ?? []), ...adapters];
  const faults = checkPlan(
    plan,
    base?.generation ?? null,
    new Map(known.map(({ content, manifest }) => [content, manifest])),
  );
  if (faults.length > 0) throw new Error(`the plan does not hold: ${faults.join("; ")}`);
}

/** @throws {TradsysError} `USAGE` */
function acceptedIn(text: string): AcceptedEvidence {
  const [, name = "", type = "", reason = ""] = /^([^:]*):([^=]*)=(.*)$/s.exec(text) ?? [];
  if (isPluginName(name) && reason.trim() !== "") {
    return { plugin: name, type: oneOf(EVIDENCE, type, "kind of evidence"), reason };
  }
  throw new TradsysError("USAGE", `\`${text}\` does not say what is accepted and why`, {
    hint: 'Write plugin, kind of evidence and reason: --accept "@acme/risk:shadow=rounding was agreed on".',
  });
}

const EVIDENCE = ["conformance", "backtest", "shadow"] as const;

/** @throws {TradsysError} `USAGE` */
function instantOf(text: string): Date {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:\d\d)$/.test(text)
    ? new Date(text)
    : new Date(Number.NaN);
  if (!Number.isNaN(at.getTime())) return at;
  throw new TradsysError("USAGE", `\`${text}\` is not an instant`, {
    hint: "Write date, time and offset, for example 2026-03-14T08:00+04:00.",
  });
}
