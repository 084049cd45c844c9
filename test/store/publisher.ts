/**
 * A publisher in a process of its own: `publisher.ts STORE VERSION [STEP]`. It dies without cleaning up right
 * before the write with that number, and tries again while another publisher holds the store.
 */
import { TradsysError } from "../../src/domain/errors.ts";
import { type Files, nodeFiles } from "../../src/platform/files.ts";
import { publish } from "../../src/store/publish.ts";
import { packed } from "../bundle/sample.ts";

const [root = "", version = "", dieAt] = process.argv.slice(2);

let writes = 0;
const mortal: Files = {
  ...nodeFiles,
  write: (path, bytes, mode) => {
    if (String(writes++) === dieAt) process.kill(process.pid, "SIGKILL");
    return nodeFiles.write(path, bytes, mode);
  },
};

const { bytes, ...bundle } = packed({ version });
for (;;) {
  try {
    await publish(mortal, root, { bytes, bundle, envelopes: [`envelope of ${version}\n`] });
    break;
  } catch (error) {
    if (!(error instanceof TradsysError && error.code === "BUSY")) throw error;
  }
}
