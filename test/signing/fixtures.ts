import { existsSync, readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../../shared/fixtures/signing/", import.meta.url);

/** Published test vectors are not part of this repository; tests over them are skipped where they are absent. */
export const noFixtures = !existsSync(folder);

export const fixture = (path: string): Buffer => readFileSync(new URL(path, folder));
export const fixtureNames = (path: string): string[] =>
  noFixtures ? [] : readdirSync(new URL(path, folder)).toSorted();
