import { join } from "node:path";

import { canonical } from "../domain/canonical.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { Files } from "../platform/files.ts";
import type { NpmPackage } from "./packages.ts";

const MAX_LICENSE_BYTES = 1024 * 1024;

/** `LICENSES.txt`: the licence text of every package that ended in the bundle. */
export async function licenseNotices(packages: readonly NpmPackage[], files: Files): Promise<string> {
  const notices = await Promise.all(
    packages.map(async ({ name, version, json, folder }) => {
      const head = `${name}@${version} (${json.license ?? "no licence stated"})`;
      const file = (await files.list(folder)).find(isLicense);
      const text =
        file === undefined ? "No licence file in the package." : await readLicense(join(folder, file), files);
      return `${head}\n${"-".repeat(head.length)}\n\n${text.trim()}\n`;
    }),
  );
  return notices.length === 0 ? "No third-party code.\n" : notices.join("\n\n");
}

/** Whether a file in a package's folder holds its licence. Of several the first by name is taken. */
export const isLicense = (name: string): boolean => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(name);

const readLicense = async (path: string, files: Files): Promise<string> =>
  (await files.read(path, MAX_LICENSE_BYTES)).toString("utf8").replaceAll("\r\n", "\n");

/**
 * `sbom.cdx.json`: what the bundle is made of, from what was really bundled. Without time and serial number,
 * so that equal inputs give equal bytes.
 *
 * @see CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/
 */
export function billOfMaterials(manifest: Manifest, packages: readonly NpmPackage[]): string {
  const components = packages.map(({ name, version, json }) => ({
    type: "library",
    "bom-ref": packageUrl(name, version),
    name,
    version,
    purl: packageUrl(name, version),
    ...(json.license !== undefined && { licenses: [{ license: { name: json.license } }] }),
  }));
  const root = packageUrl(manifest.name, manifest.version);
  return canonical({
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "library",
        "bom-ref": root,
        name: manifest.name,
        version: manifest.version,
        purl: root,
      },
    },
    components,
    dependencies: [{ ref: root, dependsOn: components.map((component) => component.purl) }],
  });
}

/** @see https://github.com/package-url/purl-spec: the scope's `@` is percent-encoded. */
const packageUrl = (name: string, version: string): string =>
  `pkg:npm/${name.replace(/^@/, "%40")}@${encodeURIComponent(version)}`;
