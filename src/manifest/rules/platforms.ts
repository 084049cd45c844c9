import { closest } from "../../domain/closest.ts";
import { didYouMean } from "../../domain/diagnostic.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { Finding } from "../document.ts";

/** @see https://nodejs.org/api/process.html, `process.platform` and `process.arch`. */
const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "openbsd", "sunos", "win32"];
const PROCESSORS = ["arm", "arm64", "ia32", "loong64", "mips", "mipsel", "ppc64", "riscv64", "s390x", "x64"];

/** What other tools call them. */
const ALIASES: Readonly<Record<string, string>> = {
  macos: "darwin",
  osx: "darwin",
  windows: "win32",
  amd64: "x64",
  x86_64: "x64",
  aarch64: "arm64",
};

/** Platforms are named as Node.js names them; `any` stands alone. */
export function checkPlatforms({ platforms }: Manifest): Finding[] {
  return platforms.flatMap((platform, i): Finding[] => {
    const pointer = `/platforms/${i}`;
    if (platform === "any") {
      return platforms.length === 1
        ? []
        : [
            finding(pointer, "`any` stands for every platform, and others are listed too", {
              hint: "Keep one or the other.",
            }),
          ];
    }
    const [system = "", processor = ""] = platform.split("-");
    if (SYSTEMS.includes(system) && PROCESSORS.includes(processor)) return [];
    const meant = [nearest(system, SYSTEMS), nearest(processor, PROCESSORS)];
    return [
      finding(
        pointer,
        `\`${platform}\` is no platform that Node.js knows`,
        meant.includes(undefined)
          ? { hint: "For example `linux-x64`, `darwin-arm64` or `win32-x64`." }
          : didYouMean(meant.join("-")),
      ),
    ];
  });
}

const nearest = (word: string, known: readonly string[]): string | undefined =>
  ALIASES[word] ?? (known.includes(word) ? word : closest(word, known));

const finding = (pointer: string, message: string, advice: Pick<Finding, "hint" | "meant">): Finding => ({
  code: "FIELD_VALUE",
  severity: "error",
  pointer,
  message,
  ...advice,
});
