/** What trading processes import as `tradsys/risk`. */
export { RiskManagementModule, RiskProvider, type RiskHost } from "./risk-management-module.ts";
export { FactRecorder, shadow, type Disagreement, type ShadowReport } from "./shadow.ts";
export { followLatches, readLatches, keepLatch } from "./trading-folder.ts";
export { TradingGate, type GateOptions, type KillReport, type OrderFate } from "./trading-gate.ts";
export { agree, type Latch, type TradingScope, type TradingState } from "./trading-states.ts";
