import { closest } from "../../domain/closest.ts";
import { didYouMean } from "../../domain/diagnostic.ts";
import { TradsysError } from "../../domain/errors.ts";
import { explainValue, type Statement } from "../../manifest/layers/explain.ts";
import { hierarchyOf, type PluginScopes, type Scope } from "../../manifest/layers/scope.ts";
import { parseAny } from "../../manifest/parse.ts";
import { deploymentSets, platformOf } from "../../manifest/set/check-set.ts";
import { defineCommand, type Io } from "../command.ts";
import { manifestPath, readDocument } from "../documents.ts";
import { shownPath } from "../render.ts";
import { table } from "../table.ts";

export const configCommand = defineCommand({
  usage: "explain <plugin>[/<instance>].<field> <manifest>...",
  example: "tradsys config explain connector-binance.requestTimeoutMs desk.yaml plugins/connector-binance",
  options: {},
  positionals: [3, Infinity],

  async run({ args: [action, path = "", ...paths] }, io) {
    if (action !== "explain") {
      throw new TradsysError("USAGE", `\`config ${action}\` is not known`, {
        hint: "Write `tradsys config explain <plugin>.<field> <manifest>...`.",
      });
    }
    const statements = explainPath(await readPlugins(io, paths), path);
    return { data: { path, statements }, lines: describe(path, statements, io.cwd) };
  },
});

/** The plugins of the deployment among the documents, with the platform configuration that it names. */
async function readPlugins(io: Io, paths: readonly string[]): Promise<readonly PluginScopes[]> {
  const files = await Promise.all(paths.map((path) => manifestPath(io, path)));
  const given = await Promise.all(files.map((file) => readDocument(io, file, parseAny)));
  const named = given.flatMap(platformOf).filter((file) => !files.includes(file));
  const [set, ...others] = deploymentSets([
    ...given,
    ...(await Promise.all(named.map((file) => readDocument(io, file, parseAny)))),
  ]);
  if (set && others.length === 0) return hierarchyOf(set).plugins;
  throw new TradsysError("USAGE", set ? "more than one deployment was given" : "no deployment was given", {
    hint: "Name one deployment manifest and the folders of its plugins.",
  });
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
      meant === undefined
        ? { hint: "Give the plugin's folder too, and write <plugin>.<field>." }
        : didYouMean(meant),
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
