import { dirname, resolve } from "node:path";

import { byText } from "../../domain/by-text.ts";
import type { Deployment } from "../../domain/deployment.ts";
import type { Diagnostic } from "../../domain/diagnostic.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { PlatformConfig } from "../../domain/platform.ts";
import { deployedConfigs } from "../layers/deployed-configs.ts";
import { hierarchyOf, type DeploymentSet, type Document } from "../layers/scope.ts";
import type { AnyDocument, Format } from "../parse.ts";
import { checkInheritance } from "./inheritance.ts";
import { checkMemory } from "./memory.ts";
import { checkMetricCollisions } from "./metrics.ts";
import { checkPorts } from "./ports.ts";
import { checkTimeouts } from "./timeouts.ts";
import { checkUnused } from "./unused.ts";

/**
 * What is wrong between documents that each pass on their own: contradictions across the systems of a
 * deployment, and names that mean two things. A deployment is checked with those of its plugins and with the
 * platform configuration that are among the documents.
 */
export function checkSet(documents: readonly AnyDocument[]): readonly Diagnostic[] {
  const sets = deploymentSets(documents);
  const plugins = ofFormat<Manifest>(documents, "plugin");
  const found = sets.flatMap((set) => [
    ...contradictions(set),
    ...checkUnused(hierarchyOf(set)),
    ...checkPorts(set),
  ]);
  const collisions =
    sets.length === 0
      ? checkMetricCollisions(plugins)
      : sets.flatMap((set) => checkMetricCollisions(set.plugins));
  return [...found, ...collisions];
}

/** Settings of one deployment that cannot all hold, whichever systems they are of; each names both places. */
export function contradictions(set: DeploymentSet): readonly Diagnostic[] {
  const hierarchy = hierarchyOf(set);
  return [checkTimeouts, checkMemory, checkInheritance].flatMap((rule) => rule(hierarchy));
}

/** The configuration that each deployment gives its plugins, against the plugins' own schemas. */
export async function checkDeployedConfigs(
  documents: readonly AnyDocument[],
): Promise<readonly Diagnostic[]> {
  const checked = await Promise.all(deploymentSets(documents).map(deployedConfigs));
  return checked.flatMap(({ diagnostics }) => diagnostics);
}

/** The deployments among the documents, each with what belongs to it. */
export function deploymentSets(documents: readonly AnyDocument[]): DeploymentSet[] {
  const platforms = ofFormat<PlatformConfig>(documents, "platform");
  const plugins = ofFormat<Manifest>(documents, "plugin").toSorted((a, b) =>
    byText(a.value.name, b.value.name),
  );
  return ofFormat<Deployment>(documents, "deployment").map((deployment) => {
    const [file] = platformFile(deployment);
    return {
      deployment,
      platform: platforms.find((platform) => resolve(platform.file) === file),
      plugins: plugins.filter(({ value }) =>
        deployment.value.plugins.some(({ name }) => name === value.name),
      ),
    };
  });
}

/** The platform configuration that a document names, if it is a deployment that names one; absolute. */
export const platformOf = (document: AnyDocument): readonly string[] =>
  ofFormat<Deployment>([document], "deployment").flatMap(platformFile);

const platformFile = ({ file, value: { platform } }: Document<Deployment>): readonly string[] =>
  platform === undefined ? [] : [resolve(dirname(file), platform)];

/** The format was told by the door that each document came through, so its value has that format's type. */
const ofFormat = <T>(documents: readonly AnyDocument[], format: Format): Document<T>[] =>
  documents.filter((document): document is AnyDocument & Document<T> => document.format === format);
