import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { planPage } from "../../src/cli/plan/page.ts";
import type { Plan } from "../../src/domain/plan.ts";
import { FIRST_DEPLOYMENT, SECOND_DEPLOYMENT, TRADING } from "../resolver/trading.ts";
import { largePlan } from "./large.ts";
import { activated, planFor, planInput } from "./lock.ts";

const EXECUTABLE = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);

const upgrade = planFor(
  planInput(TRADING, SECOND_DEPLOYMENT, { base: activated(planInput(TRADING, FIRST_DEPLOYMENT)) }),
);

it("is one document that loads nothing and lets no text be markup", () => {
  const page = planPage({ ...upgrade, author: '<script>alert("x")</script>' });
  expect(page).not.toMatch(/<(?:link|img|iframe)\b|https?:\/\/(?!www\.w3\.org)|url\(/);
  expect(page.match(/<script>/g)).toHaveLength(1);
  expect(page).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
});

it("gives equal bytes for equal plans", () => {
  expect(planPage(structuredClone(upgrade))).toBe(planPage(upgrade));
});

describe.skipIf(EXECUTABLE === undefined)("in Chromium (skipped where it is not installed)", () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tradsys-page-"));
    browser = await chromium.launch({ executablePath: EXECUTABLE ?? "", args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  /** Opens a plan's page, and collects all that the browser complains about. */
  async function open(
    plan: Plan,
    colorScheme: "light" | "dark" = "light",
  ): Promise<{ page: Page; complaints: string[] }> {
    const file = join(folder, `${plan.generation.deployment}-${plan.start.waves.flat().length}.html`);
    await writeFile(file, planPage(plan));
    const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 900 } });
    const complaints: string[] = [];
    page.on("console", (message) => void complaints.push(message.text()));
    page.on("pageerror", (error) => void complaints.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith("file:")) complaints.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, complaints };
  }

  it("shows every change, wave and facet, and complains of nothing", async () => {
    const { page, complaints } = await open(upgrade);
    expect(await page.locator("#changes tbody tr").count()).toBe(5);
    expect(await page.locator("ol.waves > li").count()).toBe(upgrade.waves.length);
    expect(await page.locator(".facet").count()).toBe(upgrade.generation.facets.length);
    expect(await page.locator("svg text.wave").allTextContents()).toEqual([
      "wave 1",
      "wave 2",
      "wave 3",
      "wave 4",
    ]);
    expect(await page.locator(".timeline").last().locator("li").count()).toBe(
      upgrade.start.criticalPath.length,
    );
    expect(complaints).toEqual([]);
  });

  it("puts each wave in a column of its own, and no facet over another", async () => {
    const { page } = await open(upgrade);
    const boxes = await page.locator(".facet").evaluateAll((facets) =>
      facets.map((facet) => {
        const { left, right, top, bottom } = facet.getBoundingClientRect();
        return { wave: Number(facet.getAttribute("data-wave")), left, right, top, bottom };
      }),
    );
    const pairs = boxes.flatMap((a, i) => boxes.slice(i + 1).map((b) => [a, b] as const));
    const misplaced = pairs.filter(([a, b]) =>
      a.wave === b.wave ? a.top < b.bottom && b.top < a.bottom : a.wave < b.wave !== a.right < b.left,
    );
    expect(misplaced).toEqual([]);
  });

  it("can be used with the keyboard alone", async () => {
    const { page, complaints } = await open(upgrade);
    const focused = () => page.evaluate<string>("document.activeElement?.getAttribute('aria-label')");
    await page.keyboard.press("/");
    await page.keyboard.type("risk-core");
    expect(await page.locator(".facet:not(.away)").count()).toBe(1);
    await page.keyboard.press("Enter");
    expect(await focused()).toBe("@tradsys/risk-core#main, wave 3, upgrade");
    expect(await page.locator("#told").textContent()).toBe("@tradsys/risk-core#main: needs 11, needed by 3");
    await page.keyboard.press("Enter");
    expect(await page.locator(".facet[aria-selected=true]").count()).toBe(1);
    await page.keyboard.press("Escape");
    expect(await page.locator(".facet[aria-selected=true]").count()).toBe(0);

    await page.locator("#find").fill("");
    await page.locator(".facet[tabindex='0']").focus();
    const first = await focused();
    await page.keyboard.press("ArrowDown");
    const second = await focused();
    expect(second).not.toBe(first);
    await page.keyboard.press("ArrowRight");
    expect(await focused()).toMatch(/wave 2/);
    await page.keyboard.press("ArrowLeft");
    expect(await focused()).toMatch(/wave 1/);
    expect(await page.locator(".facet[tabindex='0']").count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it("shows only what changes when asked", async () => {
    const { page } = await open(upgrade);
    await page.locator("#only").check();
    expect(await page.locator(".facet.unchanged:not(.away)").count()).toBe(0);
    expect(await page.locator(".facet:not(.away)").count()).toBeGreaterThan(0);
  });

  it.for(["light", "dark"] as const)("keeps text legible in the %s theme", async (theme) => {
    const { page } = await open(upgrade, theme);
    const colour = (name: string) =>
      page.evaluate<string>(`getComputedStyle(document.documentElement).getPropertyValue("${name}").trim()`);
    const backs = [await colour("--back"), await colour("--panel")];
    const names = ["--text", "--dim", "--add", "--change", "--down", "--remove", "--focus"];
    const texts = await Promise.all(names.map(colour));
    const ratios = texts.flatMap((text) =>
      backs.map((back) => ({ text, back, ratio: contrast(text, back) })),
    );
    expect(ratios.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
  });

  it("stays usable with 1,000 facets", async () => {
    const plan = largePlan(1000);
    const { page, complaints } = await open(plan);
    expect(await page.locator(".facet").count()).toBe(1000);
    expect(await page.locator(".lines path:visible").count()).toBe(0);
    await page.locator("#find").fill("p-5-7#");
    await page.keyboard.press("Enter");
    expect(await page.locator(".lines path.near").count()).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  });
});

/** Contrast of two colours, `#rrggbb`. @see WCAG 2.2, relative luminance. */
function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.039_28 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
