/**
 * One process that loads and activates plugins in one way: `host.mjs METHOD FOLDER COUNT`. Plain JavaScript, so that
 * nothing but the method is measured. Prints milliseconds from its first line to ready, and memory then.
 */
const began = performance.now();
const cpuAtFirst = process.cpuUsage();
const [method, folder, countText] = process.argv.slice(2);
const count = Number(countText);
const names = Array.from({ length: count }, (_, i) => `p${i}`);
const files = (ending) => names.map((name) => `${folder}/${ending}/${name}.${ending}`);

const METHODS = {
  async sequential() {
    for (const file of files("mjs")) (await import(file)).default.activate();
  },
  async parallel() {
    const modules = await Promise.all(files("mjs").map((file) => import(file)));
    for (const module of modules) module.default.activate();
  },
  async "compile-cache"() {
    const { enableCompileCache } = await import("node:module");
    enableCompileCache(`${folder}/compile-cache`);
    await METHODS.parallel();
  },
  async require() {
    const { createRequire } = await import("node:module");
    const require = createRequire(`${folder}/`);
    for (const file of files("cjs")) require(file).default.activate();
  },
  /** The floor: one file with sources and compiled code, nothing checked, no graph, no context. */
  async raw() {
    const { readFileSync } = await import("node:fs");
    const { Script } = await import("node:vm");
    const pack = readFileSync(`${folder}/raw.pack`);
    const indexEnd = 4 + pack.readUInt32LE(0);
    const index = JSON.parse(pack.toString("utf8", 4, indexEnd));
    let at = indexEnd;
    for (const [name, source, compiled] of index) {
      const code = pack.toString("utf8", at, at + source);
      const cachedData = pack.subarray(at + source, at + source + compiled);
      at += source + compiled;
      const script = new Script(code, { filename: name, cachedData });
      if (script.cachedDataRejected) throw new Error("the raw pack is stale");
      const module = { exports: {} };
      script.runInThisContext()(module.exports, undefined, module);
      module.exports.default.activate();
    }
  },
  /** The plugin graph under Fastify. */
  async avvio() {
    const { default: avvio } = await import("avvio");
    const app = avvio({});
    for (const file of files("mjs")) {
      app.use(async () => {
        (await import(file)).default.activate();
      });
    }
    await app.ready();
  },
  /** What a host pays before it starts anything. */
  async import() {
    await import("tradsys/runtime");
  },
  async tradsys() {
    const { startRuntime } = await import("tradsys/runtime");
    const runtime = await startRuntime({ root: `${folder}/root`, upkeepAfterMs: 2 ** 31 - 1 });
    return runtime.report;
  },
};

const report = await METHODS[method]();
const readyMs = performance.now() - began;
const { user, system } = process.cpuUsage(cpuAtFirst);
process.stdout.write(
  JSON.stringify({
    readyMs,
    cpuMs: (user + system) / 1000,
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
    ...(report && {
      verifyMs: report.verifyMs,
      pack: report.pack,
      codeCache: { ...report.codeCache, rejected: report.codeCache.rejected.length },
    }),
  }),
);
process.exit();
