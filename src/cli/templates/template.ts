/** What tells a new plugin of one kind from those of others. */
export interface Template {
  readonly description: string;
  /** The manifest from `facets` on. */
  readonly manifest: string;
  /** `src/index.ts` */
  readonly code: string;
  /** `test/plugin.test.js`, below what every test imports: `assert`, `test` and the plugin. */
  readonly test: string;
}
