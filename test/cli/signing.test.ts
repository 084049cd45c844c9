import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { expectGolden, refusal, tradsys, tradsysJson } from "../support/command.ts";
import { all, damage, edit, emptyFolder, publishedDesk } from "../support/desk.ts";

const BUNDLE = "bundles/tradsys-md-normaliser-1.9.1.tar.gz";

it.for([
  { golden: "sign/missing-key", line: `sign ${BUNDLE} --key keys/cy.key`, code: 66 },
  { golden: "sign/not-a-key", line: `sign ${BUNDLE} --key desk.yaml`, code: 65 },
  { golden: "sign/public-key", line: `sign ${BUNDLE} --key keys/ci.pub`, code: 65 },
  { golden: "sign/missing-bundle", line: "sign bundles/none.tar.gz --key keys/ci.key", code: 66 },
  { golden: "sign/not-a-bundle", line: "sign desk.yaml --key keys/ci.key", code: 65 },
  { golden: "keys/exists", line: "keys generate ci", code: 73 },
  { golden: "keys/name-is-trusted", line: "keys generate ci --dir more --trust trust.yaml", code: 73 },
  { golden: "keys/cannot-write", line: "keys generate new --dir desk.yaml/keys", code: 73 },
  { golden: "keys/cannot-trust", line: "keys generate new --trust desk.yaml/trust.yaml", code: 73 },
  { golden: "keys/not-a-policy", line: "keys generate new --trust desk.yaml", code: 65 },
  { golden: "verify/missing-bundle", line: "verify bundles/none.tar.gz", code: 66 },
  { golden: "verify/missing-policy", line: `verify ${BUNDLE} --trust nobody.yaml`, code: 66 },
  { golden: "verify/not-a-bundle", line: "verify desk.yaml", code: 77 },
  { golden: "publish/missing-bundle", line: "publish bundles/none.tar.gz", code: 66 },
  { golden: "publish/not-a-bundle", line: "publish desk.yaml", code: 65 },
  { golden: "publish/cannot-write", line: `publish ${BUNDLE} --root desk.yaml/root`, code: 73 },
])("refuses $line", async ({ line, golden, code }) => {
  expect(await refusal(await publishedDesk(), line, { golden })).toBe(code);
});

it("makes a key that only its owner can read, and a policy that trusts it", async () => {
  const folder = await emptyFolder();
  const { data } = await tradsysJson(folder, "keys generate ci --trust policies/trust.yaml");
  expect(data).toMatchObject({ role: "builder", encrypted: false });
  expect((await stat(join(folder, "keys/ci.key"))).mode & 0o777).toBe(0o600);
  expect((await tradsys(folder, "validate policies/trust.yaml")).code).toBe(0);
});

it("keeps what people wrote in a policy when it adds a key", async () => {
  const folder = await publishedDesk();
  await edit(join(folder, "trust.yaml"), "keys:", "# Reviewed every quarter\nkeys:");
  await all(folder, ["keys generate officer --role risk --trust trust.yaml"]);
  const text = await readFile(join(folder, "trust.yaml"), "utf8");
  expect(text).toContain("# Reviewed every quarter");
});

it("asks bundles for no signature of a key that approves plans, unless told to", async () => {
  const folder = await publishedDesk();
  const line = "keys generate officer --role risk --trust trust.yaml";
  await all(folder, [line, `verify ${BUNDLE}`]);
  await all(folder, [`${line.replace("officer", "second")} --require`]);
  expect((await tradsys(folder, `verify ${BUNDLE}`)).stderr).toContain("it needs 1 more risk signature");
});

it("makes one key when several are asked for under one name at once", async () => {
  const folder = await emptyFolder();
  const ended = await Promise.all([1, 2, 3, 4].map(() => tradsys(folder, "keys generate ci --json")));
  const [made, ...others] = ended.filter(({ code }) => code === 0);
  expect(others).toEqual([]);
  expect(ended.filter(({ stdout }) => stdout.includes("KEY_EXISTS"))).toHaveLength(3);
  const { data } = JSON.parse(made?.stdout ?? "") as { data: { keyId: string } };
  const { stdout } = await tradsys(folder, "keys show keys/ci.pub");
  expect(stdout).toContain(data.keyId);
});

it("takes the options of an action before it or after it", async () => {
  const folder = await emptyFolder();
  await all(folder, ["keys --dir elsewhere --role risk generate desk"]);
  expect((await tradsys(folder, "keys show elsewhere/desk.pub")).code).toBe(0);
});

it("opens an encrypted key with a passphrase from the environment or a file, and says so when it cannot", async () => {
  const folder = await publishedDesk();
  const env = { TRADSYS_PASSPHRASE: "correct horse" };
  await expectGolden(folder, "keys generate safe", { golden: "keys/encrypted", env });
  expect(await readFile(join(folder, "keys/safe.key"), "utf8")).toContain("ENCRYPTED");
  const line = `sign ${BUNDLE} --key keys/safe.key`;
  expect(await refusal(folder, line, { golden: "sign/locked-key" })).toBe(77);
  expect(
    await refusal(folder, line, {
      golden: "sign/wrong-passphrase",
      env: { TRADSYS_PASSPHRASE: "battery staple" },
    }),
  ).toBe(77);

  expect((await tradsys(folder, line, { env })).code).toBe(0);
  await writeFile(join(folder, "passphrase"), "correct horse\n");
  expect((await tradsys(folder, line, { env: { TRADSYS_PASSPHRASE_FILE: "passphrase" } })).code).toBe(0);
});

it.for([
  { command: "verify", code: 65 },
  { command: "publish", code: 65 },
  { command: "sign --key keys/ci.key", code: 65 },
])("refuses to $command a bundle with one byte changed", async ({ command, code }) => {
  const folder = await publishedDesk();
  await damage(join(folder, BUNDLE));
  const golden = `tampered/${command.split(" ")[0]}`;
  expect(await refusal(folder, `${command} ${BUNDLE}`, { golden })).toBe(code);
});

it("names the file that differs where another build bears the signature", async () => {
  const folder = await publishedDesk();
  await edit(join(folder, "plugins/md-normaliser/plugin.yaml"), "description: ", "description: Not quite ");
  await all(folder, ["build plugins/md-normaliser --out bundles"]);
  expect(await refusal(folder, `verify ${BUNDLE}`, { golden: "tampered/verify-other-build" })).toBe(65);
  expect(await refusal(folder, `publish ${BUNDLE}`, { golden: "tampered/publish-other-build" })).toBe(73);
});

it("refuses bundles that nobody, or only a stranger, has signed, and tells the others", async () => {
  const folder = await publishedDesk();
  await cp(join(folder, BUNDLE), join(folder, "bundles/unsigned.tar.gz"));
  await cp(join(folder, BUNDLE), join(folder, "bundles/strange.tar.gz"));
  await all(folder, ["keys generate stranger", "sign bundles/strange.tar.gz --key keys/stranger.key"]);
  expect(
    await refusal(folder, `verify ${BUNDLE} bundles/unsigned.tar.gz bundles/strange.tar.gz`, {
      golden: "verify/strangers",
    }),
  ).toBe(77);
});
