/** What a connector is connected to, and what its venue can do. */
export interface ConnectorDescription {
  /** The venue's short code, the first part of its instruments' ids. */
  readonly venue: string;
  /** Bounds of the dead-man's switch in milliseconds; null where the venue has none. */
  readonly deadMansSwitch: { readonly minMs: number; readonly maxMs: number } | null;
  /** Largest difference between the two clocks that the venue accepts, in milliseconds. */
  readonly maxClockSkewMs: number;
}

export interface ConnectorStatus {
  readonly state: "offline" | "connecting" | "live" | "degraded" | "closed";
  /** Empty while all is well. */
  readonly reasons: readonly string[];
}

/** Port `control` 1.0. */
export interface Control {
  describe(): Promise<ConnectorDescription>;
  status(): Promise<ConnectorStatus>;
  /** The venue's clock, microseconds since the epoch. */
  serverTime(): Promise<number>;
  /**
   * The venue cancels every open order unless it hears this again in time; `null` disarms it. Extended before a
   * connector is replaced, so that resting orders outlive the change. Fails with `UNSUPPORTED`.
   *
   * @param withinMs Milliseconds from now.
   */
  setDeadMansSwitch(withinMs: number | null): Promise<void>;
}
