import { closest } from "../domain/closest.ts";
import type { Command, Registered } from "./command.ts";

/** Every command, in the order of the flow from source to running plugin. */
export const COMMANDS: Readonly<Record<string, Registered>> = {
  init: {
    summary: "Start a plugin from a template",
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  validate: {
    summary: "Check manifests and print every problem found",
    load: async () => (await import("./commands/validate.ts")).validateCommand,
  },
  config: {
    summary: "Explain where a value of a plugin's configuration comes from",
    load: async () => (await import("./commands/config.ts")).configCommand,
  },
  build: {
    summary: "Compile plugins into bundles",
    load: async () => (await import("./commands/build.ts")).buildCommand,
  },
  keys: {
    summary: "Make, list, rotate and revoke the keys of a trust policy",
    load: async () => (await import("./commands/keys.ts")).keysCommand,
  },
  sign: {
    summary: "Sign bundles",
    load: async () => (await import("./commands/sign.ts")).signCommand,
  },
  verify: {
    summary: "Check bundles against a trust policy",
    load: async () => (await import("./commands/verify.ts")).verifyCommand,
  },
  publish: {
    summary: "Put signed bundles into the store",
    load: async () => (await import("./commands/publish.ts")).publishCommand,
  },
  yank: {
    summary: "Take a published version back, or give it back",
    load: async () => (await import("./commands/yank.ts")).yankCommand,
  },
  list: {
    summary: "List what the store holds",
    load: async () => (await import("./commands/list.ts")).listCommand,
  },
  show: {
    summary: "Show one version of a plugin in the store",
    load: async () => (await import("./commands/show.ts")).showCommand,
  },
  resolve: {
    summary: "Find a compatible set for a deployment and lock it",
    load: async () => (await import("./commands/resolve.ts")).resolveCommand,
  },
  why: {
    summary: "Tell why a plugin is part of a set",
    load: async () => (await import("./commands/why.ts")).whyCommand,
  },
  "why-not": {
    summary: "Prove what holds a version of a plugin back",
    load: async () => (await import("./commands/why-not.ts")).whyNotCommand,
  },
  outdated: {
    summary: "List the plugins of a set that could be newer",
    load: async () => (await import("./commands/outdated.ts")).outdatedCommand,
  },
  plan: {
    summary: "Work out what would change, and in which order",
    load: async () => (await import("./commands/plan.ts")).planCommand,
  },
  approve: {
    summary: "Approve a plan with your key",
    load: async () => (await import("./commands/approve.ts")).approveCommand,
  },
  apply: {
    summary: "Activate a plan",
    load: async () => (await import("./commands/apply.ts")).applyCommand,
  },
  rollback: {
    summary: "Go back to an earlier generation",
    load: async () => (await import("./commands/rollback.ts")).rollbackCommand,
  },
  status: {
    summary: "Show what is active",
    load: async () => (await import("./commands/status.ts")).statusCommand,
  },
  history: {
    summary: "List what was activated, when and by whom",
    load: async () => (await import("./commands/history.ts")).historyCommand,
  },
  diff: {
    summary: "Compare two generations",
    load: async () => (await import("./commands/diff.ts")).diffCommand,
  },
  audit: {
    summary: "Check, export and vouch for the journal",
    load: async () => (await import("./commands/audit.ts")).auditCommand,
  },
  gc: {
    summary: "Remove what nothing goes back to",
    load: async () => (await import("./commands/gc.ts")).gcCommand,
  },
  preload: {
    summary: "Verify everything that is active; compile it ahead, or time its start",
    load: async () => (await import("./commands/preload.ts")).preloadCommand,
  },
  run: {
    summary: "Start what is active and keep it running",
    load: async () => (await import("./commands/run.ts")).runCommand,
  },
  kill: {
    summary: "Halt a venue, an account, a strategy or everything, and cancel what is open",
    load: async () => (await import("./commands/kill.ts")).killCommand,
  },
  resume: {
    summary: "Agree that what was halted trades again",
    load: async () => (await import("./commands/resume.ts")).resumeCommand,
  },
  quarantine: {
    summary: "List and release bundles that crashed too often to be started here",
    load: async () => (await import("./commands/quarantine.ts")).quarantineCommand,
  },
  metrics: {
    summary: "List the metrics of plugins, and make a dashboard and alert rules",
    load: async () => (await import("./commands/metrics.ts")).metricsCommand,
  },
  schema: {
    summary: "Print the JSON schemas of all formats",
    load: async () => (await import("./commands/schema.ts")).schemaCommand,
  },
  completion: {
    summary: "Print a completion script for a shell",
    load: async () => (await import("./commands/completion.ts")).completionFor(COMMANDS),
  },
};

export const loadCommand = async (name: string): Promise<Command | undefined> =>
  Object.hasOwn(COMMANDS, name) ? COMMANDS[name]?.load() : undefined;

export const closestCommand = (name: string): string | undefined => closest(name, Object.keys(COMMANDS));
