import { describe, expect, it } from "vitest";

import { TradsysError } from "../../src/domain/errors.ts";
import { buildFiles, refusalOf } from "./plugin-folder.ts";

const exporting = (value: string): string =>
  `export default { activate: () => ({ main: {} }), value: ${value} };\n`;
const letters =
  "aB3dE6gH9kLmN2pQ5sT8vW1xY4zA7cDfG0hJiKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz01234567";

/** What each form looks like; in pieces, so that no scanner takes this file for a leak. */
const SECRETS: readonly (readonly [string, string])[] = [
  ["a private key", ["-----BEGIN ", "PRIVATE KEY-----\\n", letters.slice(0, 64), "\\n"].join("")],
  ["a private key", ["-----BEGIN RSA ", "PRIVATE KEY-----\\n", letters.slice(0, 64), "\\n"].join("")],
  ["an AWS access key", ["AK", "IAQ2R3S4T5U6V7WXYZ"].join("")],
  ["a GitHub token", ["gh", "p_", letters.slice(0, 36)].join("")],
  ["a GitHub token", ["github", "_pat_", letters.slice(0, 82)].join("")],
  ["a GitLab token", ["gl", "pat-", letters.slice(0, 20)].join("")],
  ["an npm token", ["np", "m_", letters.slice(0, 36)].join("")],
  ["a PyPI token", ["py", "pi-AgEI", letters.slice(0, 60)].join("")],
  ["a Slack token", ["xo", "xb-1234567890-", letters.slice(0, 24)].join("")],
  [
    "a Slack webhook",
    ["https://hooks.slack", ".com/services/T12345678/B12345678/", letters.slice(0, 24)].join(""),
  ],
  ["a Telegram bot token", ["12345", "67890:AA", letters.slice(0, 33)].join("")],
  ["a Google API key", ["AI", "za", letters.slice(0, 35)].join("")],
  ["a Stripe key", ["sk", "_live_", letters.slice(0, 24)].join("")],
  ["a Vault token", ["hv", "s.", letters.slice(0, 92)].join("")],
  [
    "an age key",
    ["AGE-SECRET", "-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE"].join(""),
  ],
  ["a JSON Web Token", ["ey", "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.", letters.slice(0, 43)].join("")],
];

describe("threat 22: a secret", () => {
  it.each(SECRETS)("is refused in the plugin's own code: %s", async (kind, secret) => {
    const refusal = await refusalOf({ "src/index.ts": `\n\n${exporting(`"${secret}"`)}` });
    expect(refusal).toMatchObject({
      code: "SECRET_IN_BUNDLE",
      diagnostics: [
        {
          message: `this looks like ${kind}, and it would be in the bundle`,
          location: { start: { line: 3 } },
        },
      ],
    });
    // What is printed must not be the next leak.
    expect(JSON.stringify(refusal)).not.toContain(secret.slice(-20));
  });

  it("is refused when it is put together from pieces", async () => {
    const [, aws = ""] = SECRETS[2] ?? [];
    const value = `"${aws.slice(0, 2)}" + "${aws.slice(2)}"`;
    expect(await refusalOf({ "src/index.ts": exporting(value) })).toMatchObject({ code: "SECRET_IN_BUNDLE" });
  });

  it("is refused in the manifest", async () => {
    const [, token = ""] = SECRETS[3] ?? [];
    const refusal = await refusalOf({ "src/index.ts": exporting("1") }, { description: token });
    expect(refusal).toMatchObject({
      code: "SECRET_IN_BUNDLE",
      diagnostics: [{ location: { file: expect.stringMatching(/plugin\.yaml$/) as string } }],
    });
  });

  it("that documentation gives as an example is none", async () => {
    const example = ["AK", "IAIOSFODNN7EXAMPLE"].join("");
    await expect(buildFiles({ "src/index.ts": exporting(`"${example}"`) })).resolves.toMatchObject({
      warnings: [],
    });
  });

  it("in a package is a warning: it is published already", async () => {
    const [, google = ""] = SECRETS[11] ?? [];
    const { warnings } = await buildFiles({
      "src/index.ts": `import dep from "dep";\n${exporting("dep")}`,
      "node_modules/dep/package.json": '{ "name": "dep", "version": "1.0.0" }',
      "node_modules/dep/index.js": `module.exports = "${google}";`,
    });
    expect(warnings).toMatchObject([{ code: "SECRET_IN_BUNDLE", severity: "warning" }]);
  });

  it("is not what a bundle is full of anyway: names, digests, versions", async () => {
    const value =
      '["sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "1.2.3", "sk_test_x", "-----BEGIN PRIVATE KEY-----"]';
    await expect(buildFiles({ "src/index.ts": exporting(value) })).resolves.toMatchObject({ warnings: [] });
  });
});

describe("the network without a host in permissions.net", () => {
  it.each([
    "fetch('https://a.example')",
    "globalThis.fetch('https://a.example')",
    "new WebSocket('wss://a.example')",
    "new EventSource('https://a.example')",
  ])("is refused at its place: %s", async (call) => {
    expect(await refusalOf({ "src/index.ts": `\n${exporting(`() => ${call}`)}` })).toMatchObject({
      code: "NETWORK_FORBIDDEN",
      diagnostics: [
        { location: { start: { line: 2 } }, hint: "Add the hosts it reaches to permissions.net." },
      ],
    });
    expect(
      await refusalOf(
        { "src/index.ts": exporting(`() => ${call}`) },
        { permissions: { net: ["a.example"] } },
      ),
    ).toBeUndefined();
  });

  it("is not what merely has the same name", async () => {
    const own = "class Cache { fetch(x) { return x; } }\nconst fetch = (x) => x;\n";
    const source = `${own}${exporting("[new Cache().fetch(1), fetch(2), { fetch: 3 }.fetch]")}`;
    expect(await refusalOf({ "src/index.ts": source })).toBeUndefined();
  });

  it("in a package is a warning, and not there when it is reached", async () => {
    const { warnings, files } = await buildFiles({
      "src/index.ts": `import dep from "dep";\n${exporting("dep")}`,
      "node_modules/dep/package.json": '{ "name": "dep", "version": "1.0.0" }',
      "node_modules/dep/index.js":
        'module.exports = () => (typeof fetch === "function" ? fetch("x") : "none");',
    });
    expect(warnings).toMatchObject([
      { severity: "warning", message: expect.stringContaining("fetch") as string },
    ]);
    const code = files.get("dist/plugin.js")?.toString() ?? "";
    const module: { exports: { default?: { value: () => string } } } = { exports: {} };
    // eslint-disable-next-line typescript/no-implied-eval
    new Function("exports", "require", "module", code)(module.exports, () => undefined, module);
    expect(module.exports.default?.value()).toBe("none");
  });
});

it("refuses a package of the host that got into the bundle by its path", async () => {
  const refusal = await refusalOf(
    {
      "src/index.ts": `import dep from "../node_modules/dep/index.js";\n${exporting("dep")}`,
      "node_modules/dep/package.json": '{ "name": "dep", "version": "1.0.0" }',
      "node_modules/dep/index.js": "module.exports = 1;",
    },
    { hostProvided: ["dep"] },
  );
  expect(refusal).toBeInstanceOf(TradsysError);
  expect(refusal).toMatchObject({
    code: "HOST_PACKAGE_BUNDLED",
    diagnostics: [{ message: "dep@1.0.0 is in the bundle although the host provides it" }],
  });
});
