import { resolve } from "node:path";

import { TradsysError } from "../domain/errors.ts";
import type { Role } from "../domain/trust.ts";
import { rootPaths } from "../store/generations.ts";
import type { Io } from "./command.ts";

/** Where the store, the generations and the journal are. */
export const ROOT_OPTION = {
  root: {
    type: "string",
    value: "DIR",
    description: "Folder with the store and what is active (default: .tradsys)",
  },
} as const;

export const rootOf = (io: Io, { root }: { readonly root?: string | undefined }): string =>
  resolve(io.cwd, root ?? io.env["TRADSYS_ROOT"] ?? ".tradsys");

/** The store below the root. @throws {TradsysError} `FILE_MISSING` where nothing was ever published. */
export async function storeOf(io: Io, flags: { readonly root?: string | undefined }): Promise<string> {
  const { store } = rootPaths(rootOf(io, flags));
  if ((await io.files.kind(store)) !== "missing") return store;
  throw new TradsysError("FILE_MISSING", "there is no store here", {
    hint: "`tradsys publish` makes one; --root names another folder.",
    location: { file: store },
  });
}

export const TRUST_OPTION = {
  trust: { type: "string", value: "FILE", description: "Trust policy (default: trust.yaml)" },
} as const;

export const trustFile = (io: Io, { trust }: { readonly trust?: string | undefined }): string =>
  resolve(io.cwd, trust ?? "trust.yaml");

export const ROLE_OPTION = {
  role: { type: "string", value: "ROLE", description: "builder, release or risk (default: builder)" },
} as const;

const ROLES: readonly Role[] = ["builder", "release", "risk"];

/** @throws {TradsysError} `USAGE` */
export function roleOf({ role = "builder" }: { readonly role?: string | undefined }): Role {
  const known = ROLES.find((each) => each === role);
  if (known) return known;
  throw new TradsysError("USAGE", `\`${role}\` is not a role`, { hint: `Roles are ${ROLES.join(", ")}.` });
}

/** Longest time that a timer of Node.js can wait, in milliseconds: 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds from `500ms`, `2s`, `5m` or plain seconds. @throws {TradsysError} `USAGE` */
export function durationOf(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? [];
  const factor = unit === "ms" ? 1 : unit === "m" ? 60_000 : 1000;
  const ms = Math.round(Number(amount) * factor);
  if (ms <= MAX_TIMER_MS) return ms;
  throw new TradsysError("USAGE", `\`${text}\` is not a duration of up to 24 days`, {
    hint: "Write 500ms, 2s or 5m.",
  });
}

/** Envelopes lie beside their bundle, one file for each key: `<bundle>.<key>.sigstore.json`. */
export const ENVELOPE_SUFFIX = ".sigstore.json";

export const WAIT_OPTION = {
  wait: {
    type: "string",
    value: "TIME",
    description: "How long to wait while another is at work here, for example 30s (default: not at all)",
  },
} as const;

/** Milliseconds. @throws {TradsysError} `USAGE` */
export const waitOf = ({ wait }: { readonly wait?: string | undefined }): number =>
  wait === undefined ? 0 : durationOf(wait);
