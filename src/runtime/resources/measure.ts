import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";

/** Use of something that is limited. */
export interface Use {
  readonly name: string;
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** What the control groups that a process is in allow and see (Linux, version 2). */
export interface ControlGroup {
  /** Memory use in the group with the least room; absent where no group has a limit. */
  readonly memory?: Use;
  /** Processors' worth of time; absent where there is no limit. */
  readonly cpus?: number;
}

/** Reads small text files; `undefined` for one that is not there. */
export type ReadText = (path: string) => string | undefined;

const MOUNT = "/sys/fs/cgroup";

/** The real disk. These files are the kernel's own memory: reading one takes microseconds, and waits for no disk. */
const readKernelFile: ReadText = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

/**
 * The limits that apply to this process: those of its own group and of every group around it. What the kernel keeps of
 * files and can drop at once does not count as used.
 *
 * @param read Reads a file by its absolute path.
 * @see Linux, Documentation/admin-guide/cgroup-v2.rst: `memory.max`, `memory.current`, `memory.stat`, `cpu.max`.
 */
export function readControlGroup(read: ReadText = readKernelFile): ControlGroup {
  const own = /^0::(?<path>\/.*)$/m.exec(read("/proc/self/cgroup") ?? "")?.groups?.["path"] ?? "/";
  const uses: Use[] = [];
  const quotas: number[] = [];
  for (const path of pathsUpFrom(own)) {
    const of = (file: string): string | undefined => read(join(MOUNT, path, file));
    const limitBytes = wholeNumber(of("memory.max"));
    const current = wholeNumber(of("memory.current"));
    if (limitBytes !== undefined && current !== undefined) {
      const droppable = filesIn(of("memory.stat") ?? "");
      uses.push({
        name: `control group ${path}`,
        usedBytes: Math.max(0, current - droppable),
        limitBytes,
      });
    }
    const [quota, period] = (of("cpu.max") ?? "").trim().split(" ").map(wholeNumber);
    if (quota !== undefined && period) quotas.push(quota / period);
  }
  const memory = tightest(uses);
  return { ...(memory && { memory }), ...(quotas.length > 0 && { cpus: Math.min(...quotas) }) };
}

/** Bytes that the kernel keeps of files. */
const filesIn = (stat: string): number =>
  stat
    .matchAll(/^(?:in)?active_file (?<bytes>\d+)$/gm)
    .reduce((sum, { groups }) => sum + Number(groups?.["bytes"]), 0);

/** A group and those around it, the innermost first. */
function pathsUpFrom(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "" && name !== "..");
  return names.map((_, at) => `/${names.slice(0, names.length - at).join("/")}`).concat("/");
}

/** `undefined` for `max`, which is no limit, and for what is missing. */
function wholeNumber(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? "";
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** The use that is nearest to its limit. */
export const tightest = (uses: readonly Use[]): Use | undefined =>
  uses.toSorted((a, b) => shareOf(b) - shareOf(a))[0];

/** 1 where all of it is used. */
export const shareOf = ({ usedBytes, limitBytes }: Use): number =>
  limitBytes > 0 ? usedBytes / limitBytes : 1;

/** What is not to be seen from this thread's heap. */
interface Beyond {
  /** What the platform configuration allows all plugins; `undefined` where it says nothing. */
  readonly budgetBytes: number | undefined;
  /** What plugins use that run in threads and processes of their own. */
  readonly isolatedBytes: number;
}

/** Every limit that this process has for its memory, with what is used of it. Waits for nothing. */
export function memoryUses(
  { budgetBytes, isolatedBytes }: Beyond,
  read: ReadText = readKernelFile,
): readonly Use[] {
  const { heap_size_limit, used_heap_size, external_memory } = getHeapStatistics();
  const { memory } = readControlGroup(read);
  const usedBytes = used_heap_size + external_memory + isolatedBytes;
  return [
    { name: "the heap", usedBytes: used_heap_size, limitBytes: heap_size_limit },
    ...(budgetBytes === undefined ? [] : [{ name: "the budget", usedBytes, limitBytes: budgetBytes }]),
    ...(memory ? [memory] : []),
  ];
}

/** What is left of what the process is allowed; `undefined` where it is allowed any amount. */
export function bytesLeft(read: ReadText = readKernelFile): number | undefined {
  const { memory } = readControlGroup(read);
  return memory && Math.max(0, memory.limitBytes - memory.usedBytes);
}

/** Measured peaks may be garbage that waits to be collected; what is suggested is this much above them. */
const HEADROOM = 1.25;
/** Suggestions are multiples of this, in MiB, so that they do not change with every run. */
const STEP_MIB = 5;

/**
 * What a manifest should say instead, in MiB; `undefined` where what it says is near enough: not exceeded, and not
 * twice what is needed.
 */
export function suggestMemoryMiB(declaredMiB: number, peakBytes: number): number | undefined {
  const needed = Math.ceil(((peakBytes / 2 ** 20) * HEADROOM) / STEP_MIB) * STEP_MIB;
  const isNearEnough = peakBytes <= declaredMiB * 2 ** 20 && declaredMiB < 2 * Math.max(needed, STEP_MIB);
  return isNearEnough ? undefined : Math.max(needed, STEP_MIB);
}
