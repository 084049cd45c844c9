/** Loaded before a program: folders are listed in another order than they were. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** The same order for the same folder, and hardly ever an ascending one. */
const shuffled = <T>(entries: T): T => {
  if (!Array.isArray(entries)) return entries;
  const items = entries as unknown[];
  const middle = Math.floor(items.length / 2);
  return [...items.slice(middle).toReversed(), ...items.slice(0, middle).toReversed()] as T;
};

const { readdirSync } = fs;
const { readdir } = fs.promises;
Object.assign(fs, {
  readdirSync: (...args: Parameters<typeof readdirSync>) => shuffled(readdirSync(...args)),
});
Object.assign(fs.promises, {
  readdir: async (...args: Parameters<typeof readdir>) => shuffled(await readdir(...args)),
});
syncBuiltinESMExports();
