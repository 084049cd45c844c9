import { definePlugin } from "tradsys/plugin";

import { evaluate, type Config } from "./rules.ts";

export default definePlugin<Config>({
  activate: ({ config }) => ({
    rules: { provides: { "risk-rules": { evaluate: async (facts) => evaluate(facts, config) } } },
  }),
});
