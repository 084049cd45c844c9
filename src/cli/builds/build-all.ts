import { stopCompiler } from "../../build/compile.ts";
import { writeState, type Place } from "../../build/state.ts";
import { pool, settleAll } from "../../domain/settle.ts";
import type { Signer } from "../../signing/keys.ts";
import type { Io } from "../command.ts";
import { signerFrom } from "../keys/private-key.ts";
import { boardOf } from "./board.ts";
import { buildOne, readPlugin, writeArtifacts, type MadePlugin } from "./build-one.ts";
import { inDependencyOrder } from "./order.ts";
import type { BuildRequest } from "./request.ts";

/** A plugin as it was built, and how long that took in milliseconds. */
export interface TimedPlugin extends MadePlugin {
  readonly ms: number;
}

/**
 * Builds plugins, several at once, providers first. What is wrong with one keeps no other from being built and told of.
 *
 * @throws {TradsysError} with everything that is wrong with any of them.
 */
export async function buildAll(
  io: Io,
  places: readonly Place[],
  request: BuildRequest,
): Promise<TimedPlugin[]> {
  const signer = await signerOf(io, request);
  const reading = places.map((place) => readPlugin(io, place));
  const read = await Promise.allSettled(reading);
  const plugins = inDependencyOrder(
    read.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])),
  );
  const board = boardOf(io, plugins);
  const building = settleAll(
    pool(
      plugins.map((plugin) => () => board(plugin, () => timed(buildOne(plugin, { io, request, signer })))),
      request.jobs,
    ),
  );
  try {
    await settleAll<unknown>([settleAll(reading), building]);
    return await building;
  } finally {
    await stopCompiler();
  }
}

/** Writes what was built, and after that what it followed from. */
export async function writeAll(io: Io, made: readonly MadePlugin[]): Promise<void> {
  for (const { place, artifacts, state } of made) {
    await writeArtifacts(io, place, artifacts);
    if (state) await writeState(place, state, io.files);
  }
}

async function timed(building: Promise<MadePlugin>): Promise<TimedPlugin> {
  const began = performance.now();
  return { ...(await building), ms: performance.now() - began };
}

export const signerOf = async (io: Io, { key, passphraseFile }: BuildRequest): Promise<Signer | undefined> =>
  key === undefined ? undefined : signerFrom(io, key, { "passphrase-file": passphraseFile });
