import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { expect, it } from "vitest";

import { contentsOf, expectGolden, tradsys, tradsysJson, typed } from "../support/command.ts";
import { edit, emptyFolder, writeDeployment, writePlugin } from "../support/desk.ts";
import { executeWith } from "./with-input.ts";

/** A folder with two plugins, a deployment, and much that is no manifest. */
async function workspace(): Promise<string> {
  const folder = await emptyFolder();
  await writePlugin(folder, { name: "one" });
  await writePlugin(folder, { name: "two" });
  await writeDeployment(folder, "desk.yaml", { "@acme/one": "*", "@acme/two": "*" });
  await writeFile(join(folder, "pipeline.yaml"), "apiVersion: batch/v1\nkind: Job\n");
  await writeFile(join(folder, "package.json"), "{}\n");
  for (const hidden of ["node_modules", "dist", ".cache"]) {
    await mkdir(join(folder, hidden));
    await writeFile(join(folder, hidden, "plugin.yaml"), "apiVersion: tradsys/plugin/v1\n");
  }
  return folder;
}

const ALL = ["desk.yaml", "plugins/one/plugin.yaml", "plugins/two/plugin.yaml"];

it.for([
  { line: "validate .", checked: ALL },
  { line: "validate plugins desk.yaml", checked: [...ALL.slice(1), ...ALL.slice(0, 1)] },
  {
    line: "validate plugins/one/plugin.yaml . plugins/*/plugin.yaml",
    checked: [...ALL.slice(1, 2), ...ALL.slice(0, 1), ...ALL.slice(2)],
  },
  { line: "validate **/{one,dist}/plugin.y{,a}ml", checked: ["dist/plugin.yaml", ...ALL.slice(1, 2)] },
  { line: "validate plugins/t?o/*.yaml", checked: ALL.slice(2) },
])("finds what $line means, each once and in order", async ({ line, checked }) => {
  const { data } = await tradsysJson(await workspace(), line);
  expect(data).toMatchObject({ checked });
});

it("reads a folder's manifests in JSON, too", async () => {
  const folder = await emptyFolder();
  const { apiVersion, ...rest } = { apiVersion: "tradsys/trust/v1", keys: [] };
  await writeFile(join(folder, "trust.json"), JSON.stringify({ ...rest, apiVersion }));
  expect((await tradsysJson(folder, "validate .")).data).toMatchObject({ checked: ["trust.json"] });
});

it("says that nothing was found, and checks what was", async () => {
  const folder = await workspace();
  await mkdir(join(folder, "none"));
  const { code } = await expectGolden(folder, "validate plugins/one none-*.yaml gone.yaml", {
    golden: "validate/nothing-found",
  });
  expect(code).toBe(66);
  expect(await expectGolden(folder, "validate none", { golden: "validate/empty-folder" })).toMatchObject({
    code: 66,
  });
});

it("misses the entry file", async () => {
  const folder = await workspace();
  await rm(join(folder, "plugins/one/src/index.ts"));
  const { code } = await expectGolden(folder, "validate plugins", { golden: "validate/missing-entry" });
  expect(code).toBe(1);
});

const metric = (unit: string): string =>
  `facets: { main: {} }\nmetrics: [{ name: tradsys_strategy_orders_total, type: counter, unit: ${unit} }]`;

it("checks the documents of one run together", async () => {
  const folder = await emptyFolder();
  await writePlugin(folder, { name: "one", manifest: metric("orders") });
  await writePlugin(folder, { name: "two", manifest: metric("total") });
  const { code, diagnostics } = await tradsysJson(folder, "validate plugins");
  expect(code).toBe(1);
  expect(diagnostics.map((each) => each.code)).toContain("METRIC_COLLISION");
  expect(
    (await tradsysJson(folder, "validate plugins/one")).diagnostics.map((each) => each.code),
  ).not.toContain("METRIC_COLLISION");
});

it("lets warnings fail when it is strict, in every format", async () => {
  const folder = await emptyFolder();
  await writePlugin(folder, { name: "wide", manifest: `facets: { main: {} }\npermissions: { net: ["*"] }` });
  expect(await tradsys(folder, "validate plugins --quiet")).toMatchObject({ code: 0 });
  const { code, stdout } = await tradsys(folder, "validate plugins --strict --format github");
  expect(code).toBe(1);
  expect(stdout).toMatch(/^::error file=plugins\/wide\/plugin\.yaml,line=10,.*title=PERMISSION_BROAD::/);
});

it("prints the same for --json and --format json", async () => {
  const folder = await workspace();
  const [switched, chosen] = await Promise.all(
    ["--json", "--format json"].map((option) => tradsys(folder, `validate . ${option}`)),
  );
  expect(chosen).toEqual(switched);
});

it.each(["sarif", "junit", "github", "gitlab"])("prints a report in %s and nothing else", async (format) => {
  const folder = await workspace();
  await edit(join(folder, "desk.yaml"), "trust:", "turst:");
  const line = `validate desk.yaml --format ${format}`;
  const { code, stderr } = await expectGolden(folder, line, { golden: `validate/format-${format}` });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect((await tradsys(folder, `${line} --quiet`)).stdout).toContain("desk.yaml");
});

it.for([
  { golden: "validate/unknown-format", line: "validate . --format serif" },
  { golden: "validate/stdin-and-file", line: "validate --stdin desk.yaml" },
  { golden: "validate/no-argument", line: "validate" },
])("refuses $line", async ({ golden, line }) => {
  expect(await expectGolden(await emptyFolder(), line, { golden })).toMatchObject({ code: 64, stdout: "" });
});

it("checks standard input under the name of a file, with what is beside it", async () => {
  const folder = await workspace();
  const text = await readFile(join(folder, "plugins/one/plugin.yaml"), "utf8");
  const validate = (input: string, options: string) =>
    executeWith(input, [process.execPath, ...typed(`validate --stdin ${options}`)], { cwd: folder });
  expect(await validate(text, "--stdin-filename plugins/one/plugin.yaml")).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect((await validate(text, "--stdin-filename plugin.yaml")).stderr).toContain("ENTRY_MISSING");
  expect(await validate(text, "")).toMatchObject({ code: 0, stderr: "" });
  expect((await validate("kind: [", "--stdin-filename a.yaml --format github")).stdout).toMatch(
    /^::error file=a\.yaml,/,
  );
});

it("mends what it can, says so, and then finds nothing more to mend", async () => {
  const folder = await workspace();
  const manifest = join(folder, "plugins/one/plugin.yaml");
  await edit(manifest, "license: Apache-2.0", "licence: Apache-2.0 # ours");
  await edit(manifest, "hostApi: ^3.0.0", "hostApi: 3");
  await edit(manifest, "version: 1.0.0", "version: v1.0.0");
  const before = await readFile(manifest, "utf8");
  const { code } = await expectGolden(folder, "validate plugins --fix", { golden: "validate/fix" });
  expect(code).toBe(0);
  expect(await readFile(manifest, "utf8")).toBe(
    before.replace("licence:", "license:").replace("hostApi: 3", `hostApi: "3"`).replace("v1.0.0", "1.0.0"),
  );
  const mended = await contentsOf(folder);
  expect(await tradsys(folder, "validate plugins --fix")).toMatchObject({
    code: 0,
    stdout: "2 files checked: no problems\n",
  });
  expect(await contentsOf(folder)).toEqual(mended);
});

it("ends with a status of its own where it cannot write what it mended", async ({ skip }) => {
  if (process.getuid?.() !== 0) skip("only root can run a command as someone else");
  const folder = await workspace();
  await edit(join(folder, "plugins/one/plugin.yaml"), "license:", "licence:");
  const nobody = 65534;
  await chmod(folder, 0o755);
  const { code, stderr } = await tradsys(folder, "validate plugins --fix", { uid: nobody });
  expect(code).toBe(73);
  expect(stderr).toContain("error[CANNOT_WRITE]: this cannot be written: permission denied");
});

it("keeps a byte order mark when it mends", async () => {
  const folder = await emptyFolder();
  await writeFile(join(folder, "trust.yaml"), "\uFEFFapiVersion: tradsys/trust/v1\nkeyz: []\n");
  await tradsys(folder, "validate trust.yaml --fix");
  expect(await readFile(join(folder, "trust.yaml"), "utf8")).toBe(
    "\uFEFFapiVersion: tradsys/trust/v1\nkeys: []\n",
  );
});

it("leaves alone what is not text", async () => {
  const folder = await emptyFolder();
  const bytes = Buffer.concat([
    Buffer.from("apiVersion: tradsys/trust/v1\nkyes: [] # "),
    Buffer.from([0xff, 0x0a]),
  ]);
  await writeFile(join(folder, "trust.yaml"), bytes);
  expect((await tradsys(folder, "validate trust.yaml --fix")).code).toBe(1);
  expect(await readFile(join(folder, "trust.yaml"))).toEqual(bytes);
});

it("checks again at every change until it is interrupted", async () => {
  const folder = await workspace();
  const child = spawn(process.execPath, typed("validate plugins --watch --quiet --format json"), {
    cwd: folder,
  });
  const ended = once(child, "close");
  const runs = createInterface(child.stdout)[Symbol.asyncIterator]();
  /** A save may be seen in two steps, so a run may come twice. */
  const until = async (ok: boolean, checked: readonly string[]): Promise<void> => {
    for (;;) {
      const run = JSON.parse(String((await runs.next()).value)) as {
        ok: boolean;
        data: { checked: string[] };
      };
      if (run.ok === ok && String(run.data.checked) === String(checked)) return;
    }
  };
  try {
    await until(true, ALL.slice(1));
    await edit(join(folder, "plugins/one/plugin.yaml"), "license:", "licence:");
    await until(false, ALL.slice(1));
    await edit(join(folder, "plugins/one/plugin.yaml"), "licence:", "license:");
    await until(true, ALL.slice(1));
    await rm(join(folder, "plugins/two"), { recursive: true });
    await until(true, ALL.slice(1, 2));
  } finally {
    child.kill("SIGINT");
  }
  expect(await ended).toEqual([0, null]);
});
