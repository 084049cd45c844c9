import { builtinModules } from "node:module";

import { isNodeBuiltin } from "../../domain/builtins.ts";
import { closest } from "../../domain/closest.ts";
import { didYouMean } from "../../domain/diagnostic.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { Finding } from "../document.ts";

/** What each permission that is no host must look like, and what to write instead. */
const FORMS = [
  {
    kind: "fs",
    accepts: (path: string) => !path.includes("\\") && !path.split("/").includes(".."),
    complaint: "leads out of the folder it names",
    advice: () => ({ hint: "Write the path without `..`, with `/` between folders." }),
  },
  {
    kind: "env",
    accepts: (name: string) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
    complaint: "is not the name of an environment variable",
    advice: () => ({
      hint: "Name one variable, without `$` and without a value, for example `HTTPS_PROXY`.",
    }),
  },
  {
    // A secret is read from a file of its name, or from an environment variable made of it.
    kind: "secrets",
    accepts: (name: string) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name),
    complaint: "is not the name of a secret",
    advice: () => ({
      hint: "Use letters, digits, dots and hyphens, for example `binance-api-key`. The value does not belong here.",
    }),
  },
  {
    kind: "builtins",
    accepts: isNodeBuiltin,
    complaint: "is not a module of Node.js",
    advice: (name: string) => {
      const meant = closest(name.replace(/^node:/, ""), builtinModules);
      return meant === undefined
        ? { hint: "Packages from npm are bundled and need no permission." }
        : didYouMean(meant);
    },
  },
] as const;

/** Permissions name what they grant in the form that the host compares them in. */
export function checkGrants({ permissions }: Manifest): Finding[] {
  return FORMS.flatMap(({ kind, accepts, complaint, advice }) =>
    permissions[kind].flatMap((granted, i): Finding[] =>
      granted === "*" || accepts(granted)
        ? []
        : [
            {
              code: "PERMISSION_INVALID",
              severity: "error",
              pointer: `/permissions/${kind}/${i}`,
              message: `\`${granted}\` ${complaint}`,
              ...advice(granted),
            },
          ],
    ),
  );
}
