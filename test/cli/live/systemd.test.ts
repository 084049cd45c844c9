import { expect, it } from "vitest";

import { systemdNotifier } from "../../../src/cli/live/systemd.ts";
import { canListen, serviceManager } from "../../support/service-manager.ts";

const complain = (problem: string): never => {
  throw new Error(problem);
};
const { PATH } = process.env;

it.skipIf(!canListen)("tells systemd, in order, what it is told to, and that it lives", async () => {
  const { path, received } = await serviceManager();
  const systemd = systemdNotifier({
    env: { PATH, NOTIFY_SOCKET: path, WATCHDOG_USEC: "400000", WATCHDOG_PID: "77" },
    pid: 77,
    complain,
  });
  void systemd?.say("READY=1", "STATUS=7 of 7 facets ready");
  await systemd?.say("STATUS=6 of 7 facets ready");
  await expect.poll(() => received.join(), { timeout: 5000 }).toContain("WATCHDOG=1");
  void systemd?.say("STOPPING=1");
  await systemd?.close();
  await expect.poll(() => received.at(-1)).toBe("'STOPPING=1'");
  expect(received.filter((message) => message !== "'WATCHDOG=1'")).toEqual([
    String.raw`'READY=1\nSTATUS=7 of 7 facets ready'`,
    "'STATUS=6 of 7 facets ready'",
    "'STOPPING=1'",
  ]);
});

it("is silent where systemd does not ask", () => {
  expect(systemdNotifier({ env: {}, pid: 1, complain })).toBeUndefined();
});

it.skipIf(!canListen)("shows no signs of life that were asked of another process", async () => {
  const { path, received } = await serviceManager();
  const systemd = systemdNotifier({
    env: { PATH, NOTIFY_SOCKET: path, WATCHDOG_USEC: "2000", WATCHDOG_PID: "76" },
    pid: 77,
    complain,
  });
  await systemd?.say("STATUS=1");
  await systemd?.say("STATUS=2");
  await systemd?.close();
  await expect
    .poll(() => received.filter((message) => message !== "''"))
    .toEqual(["'STATUS=1'", "'STATUS=2'"]);
});

it("says once that systemd cannot be told anything, and goes on", async () => {
  const problems: string[] = [];
  const systemd = systemdNotifier({
    env: { PATH: "/nonexistent", NOTIFY_SOCKET: "/nonexistent/notify" },
    pid: 77,
    complain: (problem) => void problems.push(problem),
  });
  await systemd?.say("READY=1");
  await systemd?.say("STATUS=1");
  expect(problems).toEqual(["spawn systemd-notify ENOENT"]);
});
