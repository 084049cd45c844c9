import { dirname, resolve } from "node:path";

import { closest } from "../../domain/closest.ts";
import { TradsysError } from "../../domain/errors.ts";
import { explainValue, type Statement } from "../../manifest/layers/explain.ts";
import { hierarchyOf, type PluginScopes, type Scope } from "../../manifest/layers/scope.ts";
import { parseDeployment, parsePlatform, parsePlugin } from "../../manifest/parse.ts";
import { defineCommand, type Io } from "../command.ts";
import { manifestPath, readDocument } from "../documents.ts";
import { shownPath } from "../render.ts";
import { table } from "../table.ts";

export const configCommand = defineCommand({
  usage: "explain <plugin>[/<instance>].<field>...",
  example:
    "tradsys config explain connector-binance.requestTimeoutMs --deployment desk.yaml --plugins plugins/*",
  options: {
    deployment: { type: "string", value: "FILE", description: "Deployment manifest" },
    plugins: {
      type: "string",
      multiple: true,
      value: "DIR",
      description: "Folder of a plugin; may be given several times",
    },
  },
  positionals: [2, Infinity],

  async run({ flags, args: [action, ...rest] }, io) {
    if (action !== "explain" || flags.deployment === undefined) {
      throw new TradsysError(
        "USAGE",
        action === "explain" ? "no deployment named" : `\`config ${action}\` is not known`,
        {
          hint: "For example: tradsys config explain connector.timeoutMs --deployment desk.yaml --plugins plugins/connector",
        },
      );
    }
    // What a shell makes of `--plugins plugins/*` are more positional arguments.
    const [paths, folders] = split(rest);
    const scopes = await readScopes(io, flags.deployment, [...(flags.plugins ?? []), ...folders]);
    const explained = paths.map((path) => ({ path, statements: explainPath(scopes, path) }));
    return {
      data: explained,
      lines: explained.flatMap(({ path, statements }) => describe(path, statements, io.cwd)),
    };
  },
});

function split(args: readonly string[]): [paths: readonly string[], folders: readonly string[]] {
  const folders = args.filter(
    (arg) =>
      arg.includes("/") && !/^[^/.]+\/[^/.]+\./.test(arg.replace(/^@[^/]+\//, "")) && !arg.startsWith("@"),
  );
  return [args.filter((arg) => !folders.includes(arg)), folders];
}

async function readScopes(
  io: Io,
  deploymentFile: string,
  folders: readonly string[],
): Promise<readonly PluginScopes[]> {
  const file = resolve(io.cwd, deploymentFile);
  const deployment = { ...(await readDocument(io, file, parseDeployment)), file };
  const { platform: path } = deployment.value;
  const platformFile = path === undefined ? undefined : resolve(dirname(file), path);
  const platform =
    platformFile === undefined
      ? undefined
      : { ...(await readDocument(io, platformFile, parsePlatform)), file: platformFile };
  const plugins = await Promise.all(
    folders.map(async (folder) => {
      const manifest = await manifestPath(io, folder);
      return { ...(await readDocument(io, manifest, parsePlugin)), file: manifest };
    }),
  );
  return hierarchyOf({ deployment, platform, plugins }).plugins;
}

function explainPath(plugins: readonly PluginScopes[], path: string): readonly Statement[] {
  const [owner = "", ...fields] = path.split(".");
  const [name = "", instance] = /^(@[^/]+\/[^/]+|[^/]+)(?:\/(.+))?$/.exec(owner)?.slice(1) ?? [];
  const names = plugins.flatMap(({ plugin }) => [plugin.name, shortName(plugin.name)]);
  const found = plugins.find(({ plugin }) => plugin.name === name || shortName(plugin.name) === name);
  if (!found || fields.length === 0) {
    const meant = closest(name, names);
    throw new TradsysError(
      "USAGE",
      found ? `${path} names no field` : `no plugin among those given is called ${name}`,
      {
        hint:
          meant === undefined
            ? "Give the plugin's folder with --plugins, and write <plugin>.<field>."
            : `Did you mean ${meant}?`,
      },
    );
  }
  return explainValue(found, scopeOf(found, instance), fields);
}

function scopeOf({ plugin, instances }: PluginScopes, instance: string | undefined): Scope {
  const scope =
    instance === undefined ? plugin : instances.find(({ name }) => name.endsWith(` instance ${instance}`));
  if (scope) return scope;
  throw new TradsysError("USAGE", `${plugin.name} has no instance ${instance}`, {
    hint: "Instances are named in the deployment, below the plugin.",
  });
}

const shortName = (name: string): string => name.replace(/^@[^/]+\//, "");

/** The statements from the weakest to the one that counts, which is marked. */
function describe(path: string, statements: readonly Statement[], cwd: string): string[] {
  if (statements.length === 0) return [`${path} is not set anywhere`];
  const rows = statements.map(({ level, value, location: { file, start } }, i) => [
    i === statements.length - 1 ? "▸" : " ",
    JSON.stringify(value),
    level,
    `${shownPath(file, cwd)}${start ? `:${start.line}:${start.column}` : ""}`,
  ]);
  return [`${path} = ${JSON.stringify(statements.at(-1)?.value)}`, ...table(rows)];
}
