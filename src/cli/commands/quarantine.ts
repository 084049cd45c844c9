import { commandOf } from "../actions.ts";
import { listCommand } from "../quarantine/list.ts";
import { releaseCommand } from "../quarantine/release.ts";

export const quarantineCommand = commandOf("quarantine", { list: listCommand, release: releaseCommand });
