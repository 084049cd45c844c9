import { definePlugin } from "tradsys/plugin";

import { ruleBook, type Config } from "./rules.ts";

export default definePlugin<Config>({
  activate({ config }) {
    const evaluate = ruleBook(config);
    return { rules: { provides: { "risk-rules": { evaluate: async (facts) => evaluate(facts) } } } };
  },
});
