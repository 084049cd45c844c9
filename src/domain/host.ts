/** Version of what the host offers to plugins: the context, the lifecycle, the port mechanism. */
export const HOST_API_VERSION = "3.1.0";

/** The machine and host that a set of plugins is resolved for. */
export interface Host {
  readonly api: string;
  readonly node: string;
  /** `<os>-<cpu>` in Node's words, for example `linux-x64`. */
  readonly platform: string;
  /** Ports that the host itself provides, each with its version. */
  readonly ports?: Readonly<Record<string, string>>;
}
