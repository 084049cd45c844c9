import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createSocket, type AddressInfo } from "node:net";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { CONTENT_TYPES, type TextFormat } from "../../../src/runtime/telemetry/text.ts";
import { temporaryFolder } from "../../support/root.ts";
import { start, withPort } from "../isolation/levels.ts";

const hasPrometheus = spawnSync("prometheus", ["--version"]).status === 0;

async function freePort(): Promise<number> {
  const socket = createSocket().listen(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address() as AddressInfo;
  socket.close();
  await once(socket, "close");
  return port;
}

interface Answer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

it.skipIf(!hasPrometheus).each(["prometheus", "openmetrics"] as const)(
  "is scraped by a real Prometheus as %s (skipped where prometheus is absent)",
  { timeout: 60_000 },
  async (format: TextFormat) => {
    const { ask, telemetry } = await start([
      { name: "far", level: "worker", code: withPort("async think() {}") },
    ]);
    for (let i = 0; i < 7; i++) await ask("far", "think");
    const scraped = createServer((_, response) => {
      response.setHeader("content-type", CONTENT_TYPES[format]);
      response.end(telemetry.text(format));
    }).listen(0, "127.0.0.1");
    await once(scraped, "listening");
    onTestFinished(() => void scraped.close());

    const folder = await temporaryFolder();
    const target = `127.0.0.1:${(scraped.address() as AddressInfo).port}`;
    await writeFile(
      join(folder, "prometheus.yml"),
      `scrape_configs: [{ job_name: tradsys, scrape_interval: 1s, static_configs: [{ targets: ["${target}"] }] }]\n`,
    );
    const address = `127.0.0.1:${await freePort()}`;
    const prometheus = spawn(
      "prometheus",
      [
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=${address}`,
      ],
      { stdio: "ignore" },
    );
    onTestFinished(async () => {
      prometheus.kill();
      await once(prometheus, "exit");
    });
    const valueOf = async (query: string): Promise<string | undefined> => {
      const response = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(query)}`).catch(
        () => undefined,
      );
      return ((await response?.json()) as Answer | undefined)?.data.result[0]?.value[1];
    };
    await expect
      .poll(async () => valueOf("tradsys_runtime_calls_total"), { timeout: 40_000, interval: 500 })
      .toBe("7");
    expect(await valueOf("tradsys_runtime_call_duration_seconds_count")).toBe("7");
    expect(await valueOf("up")).toBe("1");
  },
);
