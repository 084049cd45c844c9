import { definePlugin } from "tradsys/plugin";

import { normalise } from "./normalise.ts";

export default definePlugin({
  activate: () => ({
    normalise: { provides: { "md-normalise": { normalise: async (raw) => normalise(raw) } } },
  }),
});
