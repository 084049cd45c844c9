import { commandOf } from "../actions.ts";
import { generateCommand } from "../keys/generate.ts";
import { listCommand } from "../keys/list.ts";
import { revokeCommand } from "../keys/revoke.ts";
import { rotateCommand } from "../keys/rotate.ts";
import { showCommand } from "../keys/show.ts";

export const keysCommand = commandOf("keys", {
  generate: generateCommand,
  list: listCommand,
  show: showCommand,
  rotate: rotateCommand,
  revoke: revokeCommand,
});
