import { commandOf } from "../actions.ts";
import { checkpointCommand } from "../audit/checkpoint.ts";
import { exportCommand } from "../audit/export.ts";
import { verifyCommand } from "../audit/verify.ts";

export const auditCommand = commandOf("audit", {
  verify: verifyCommand,
  export: exportCommand,
  checkpoint: checkpointCommand,
});
