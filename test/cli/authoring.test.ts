import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { contentsOf, expectGolden, refusal, tradsys } from "../support/command.ts";
import { edit, pluginCode, publishedDesk, release, writePlugin } from "../support/desk.ts";

it.for([
  { golden: "validate/missing-file", line: "validate desk.yaml desc.yaml", code: 66 },
  { golden: "build/missing-folder", line: "build plugins/risk-cor", code: 66 },
  { golden: "build/not-a-plugin", line: "build desk.yaml", code: 65 },
  { golden: "build/cannot-write", line: "build plugins/risk-core --out desk.yaml/bundles", code: 73 },
])("refuses $line", async ({ line, golden, code }) => {
  expect(await refusal(await publishedDesk(), line, { golden })).toBe(code);
});

it.for([
  { golden: "validate/malformed", from: "plugins:", to: "plugins: [" },
  { golden: "validate/unknown-field", from: "trust:", to: "turst:" },
  { golden: "validate/unknown-version", from: "deployment/v1", to: "deployment/v9" },
  { golden: "validate/missing-field", from: "name: desk\n", to: "" },
  { golden: "validate/bad-range", from: '"*"', to: '"newest"' },
  { golden: "validate/windows-line-ends", from: "trust: trust.yaml\n", to: "turst: trust.yaml\r\n" },
])("points at the place in the file: $golden", async ({ golden, from, to }) => {
  const folder = await publishedDesk();
  await edit(join(folder, "desk.yaml"), from, to);
  expect(await refusal(folder, "validate desk.yaml", { golden })).toBe(1);
  expect((await tradsys(folder, "resolve desk.yaml")).code).toBe(65);
});

it("names what an import cannot find, and where", async () => {
  const folder = await publishedDesk();
  await writePlugin(folder, { name: "lost", code: `import "left-pad-2";\n${pluginCode()}` });
  expect(await refusal(folder, "build plugins/lost", { golden: "build/unresolved-import" })).toBe(65);
});

it("builds all of several plugins, or none and tells everything that is wrong", async () => {
  const folder = await publishedDesk();
  await writePlugin(folder, { name: "lost", code: `import "left-pad-2";\n${pluginCode()}` });
  await writePlugin(folder, { name: "early", code: `await 0;\n${pluginCode()}` });
  expect(
    await refusal(folder, "build plugins/early plugins/risk-core plugins/lost --out out", {
      golden: "build/several-problems",
    }),
  ).toBe(65);
});

it("gives the same bundle for the same sources", async () => {
  const folder = await publishedDesk();
  await tradsys(folder, "build plugins/risk-core plugins/md-normaliser --out one");
  await tradsys(folder, "build plugins/md-normaliser plugins/risk-core --out two");
  expect(await contentsOf(join(folder, "one"))).toEqual(await contentsOf(join(folder, "two")));
});

it("builds beside the plugin's sources unless told otherwise", async () => {
  const folder = await publishedDesk();
  await tradsys(folder, "build plugins/risk-core/plugin.yaml");
  const written = Object.keys(await contentsOf(join(folder, "plugins/risk-core/dist")));
  expect(written.filter((path) => !path.startsWith(".build"))).toEqual(["tradsys-risk-core-4.2.0.tar.gz"]);
});

/** Sets the colour, sets the title, starts a sequence in one byte, turns the direction around, rings the bell. */
const STEERING = String.raw`\e[31mred\e]0;title\a\u009b2J\u202Eback\x7F`;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/u;

it("shows no control character of a manifest raw, right or wrong", async () => {
  const folder = await publishedDesk();
  const text = (name: string): string => `facets: { main: {} }\ndescription: "${STEERING}"\n${name}`;
  const bundle = await writePlugin(folder, { name: "steering", manifest: text("") });
  await release(folder, "steering", bundle);
  const wrong = await writePlugin(folder, { name: "wrong", manifest: text(`"${STEERING}": 1`) });
  expect(wrong).toBe("acme-wrong-1.0.0");
  await writeFile(join(folder, "raw.yaml"), "apiVersion: \u001B[31m\u009B2J\n");

  await expectGolden(folder, "show @acme/steering", { golden: "control-characters/description" });
  await expectGolden(folder, "validate plugins/wrong/plugin.yaml", { golden: "control-characters/field" });
  for (const line of [
    "show @acme/steering",
    "show @acme/steering --json",
    "validate plugins/wrong/plugin.yaml --json",
    "validate plugins/wrong/plugin.yaml --verbose",
    "validate raw.yaml",
    "validate raw.yaml --json",
    "show \u001B[31m",
    "\u009B2J",
    "list --\u001B[31m --verbose",
  ]) {
    const { stdout, stderr } = await tradsys(folder, line);
    expect(`${stdout}${stderr}`).not.toMatch(CONTROL);
  }
});

it("keeps what control characters say in its JSON", async () => {
  const folder = await publishedDesk();
  const bundle = await writePlugin(folder, {
    name: "steering",
    manifest: `facets: { main: {} }\ndescription: "${STEERING}"`,
  });
  await release(folder, "steering", bundle);
  const { stdout } = await tradsys(folder, "show @acme/steering --json");
  expect(JSON.parse(stdout)).toMatchObject({
    data: [{ manifest: { description: "\u001B[31mred\u001B]0;title\u0007\u009B2J\u202Eback\u007F" } }],
  });
});

it("needs no folder but the plugin's own", async () => {
  const folder = await publishedDesk();
  await rm(join(folder, "desk.yaml"));
  expect((await tradsys(join(folder, "plugins/risk-core"), "build .")).code).toBe(0);
});
