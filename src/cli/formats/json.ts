import type { Outcome } from "../command.ts";
import { jsonLine } from "../render.ts";

/** What `--json` prints of every command: one line, one document. */
export const jsonOf = ({ data, diagnostics = [], exit = 0 }: Outcome): string =>
  `${jsonLine({ ok: exit === 0, data, diagnostics })}\n`;
