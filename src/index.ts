export {
  applyPlan,
  rehearsePlan,
  rollBack,
  type Activated,
  type Activation,
  type ApplyOptions,
  type Rehearsal,
} from "./activation/activate.ts";
export { auditJournal, type Audit } from "./activation/audit.ts";
export { collectGarbage, type Garbage } from "./activation/collect.ts";
export type { Node } from "./activation/prepare.ts";
export { rootStatus, type RootStatus } from "./activation/status.ts";
export type { Gate, Reached } from "./activation/walk.ts";
export { buildPlugin, type BuiltBundle } from "./build/build-plugin.ts";
export { openBundle } from "./bundle/open.ts";
export type { BundleManifest, OpenBundle } from "./domain/bundle.ts";
export { CODES, type ErrorCode } from "./domain/codes.ts";
export type { Deployment } from "./domain/deployment.ts";
export type { Diagnostic, Location, Position } from "./domain/diagnostic.ts";
export { TradsysError } from "./domain/errors.ts";
export type { Host } from "./domain/host.ts";
export type { Digest, FacetId, PluginName } from "./domain/ids.ts";
export type { Binding, Candidate, Lock } from "./domain/lock.ts";
export type { Manifest } from "./domain/manifest.ts";
export type { Change, Generation, Plan } from "./domain/plan.ts";
export type { Result } from "./domain/result.ts";
export type { TrustPolicy } from "./domain/trust.ts";
export { effectiveConfig } from "./manifest/config.ts";
export {
  parseAny,
  parseDeployment,
  parseLock,
  parsePlan,
  parsePlugin,
  parseTrust,
  type Parsed,
  type Parser,
} from "./manifest/parse.ts";
export { planDeployment } from "./planner/plan.ts";
export { nodeFiles, type Files } from "./platform/files.ts";
export { explain } from "./resolver/answers/explain.ts";
export { toLock } from "./resolver/lock.ts";
export { resolve, type ResolveOutcome, type ResolveRequest } from "./resolver/resolve.ts";
export { execSigner } from "./signing/exec-signer.ts";
export { generateKey, localSigner, readPublicKey, type Signer } from "./signing/keys.ts";
export { signBundle } from "./signing/sign.ts";
export { describeVerification, type Verification } from "./signing/verification.ts";
export { verifyBundle } from "./signing/verify.ts";
export { publish } from "./store/publish.ts";
export { listCandidates } from "./store/read.ts";
