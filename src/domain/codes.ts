/**
 * Every code the toolchain and the runtime report, with the exit status of a command that ends on it.
 * Codes and statuses are public: add freely, never rename. Statuses follow BSD `sysexits.h`.
 */
export const CODES = {
  // How the command was called.
  USAGE: 64,
  NODE_TOO_OLD: 78,

  // Files and the machine.
  FILE_MISSING: 66,
  FILE_UNREADABLE: 66,
  FILE_TOO_LARGE: 65,
  CANNOT_WRITE: 73,
  BUSY: 75,
  PORT_IN_USE: 75,

  // Text that a person wrote.
  TEXT_ENCODING: 65,
  YAML_SYNTAX: 65,
  YAML_FEATURE: 65,
  API_VERSION_UNKNOWN: 65,
  FIELD_UNKNOWN: 65,
  FIELD_MISSING: 65,
  FIELD_TYPE: 65,
  FIELD_VALUE: 65,
  VERSION_INVALID: 65,
  RANGE_INVALID: 65,
  ENTRY_MISSING: 65,
  HOST_API_OTHER: 65,
  PORT_UNFAMILIAR: 65,
  PORT_OWN: 65,
  PERMISSION_BROAD: 65,
  PERMISSION_INVALID: 65,
  METRIC_INVALID: 65,
  THRESHOLD_UNREACHABLE: 65,
  CONFIG_SCHEMA_INVALID: 65,
  CONFIG_INVALID: 78,
  CONFIG_CONTRADICTION: 78,
  CONFIG_UNUSED: 65,
  METRIC_COLLISION: 65,
  PORT_UNPROVIDED: 65,

  // Building.
  BUILD_FAILED: 65,
  IMPORT_UNRESOLVED: 65,
  IMPORT_FORBIDDEN: 65,
  IMPORT_DEEP: 65,
  TOP_LEVEL_AWAIT: 65,

  // Bundles, signatures and trust.
  BUNDLE_INVALID: 65,
  BUNDLE_MODIFIED: 77,
  ENVELOPE_INVALID: 65,
  NOT_SIGNED: 77,
  NOT_TRUSTED: 77,
  KEY_INVALID: 65,
  KEY_LOCKED: 77,
  KEY_EXISTS: 73,

  // The store.
  STORE_INVALID: 65,
  BLOB_MISSING: 66,
  BLOB_TOO_LARGE: 65,
  BLOB_DIGEST_MISMATCH: 77,
  VERSION_TAKEN: 73,

  // Resolving, planning, activating.
  PLUGIN_UNKNOWN: 1,
  UNSATISFIABLE: 1,
  GAVE_UP: 1,
  CYCLE: 1,
  LOCK_STALE: 65,
  PLAN_INVALID: 65,
  PLAN_STALE: 75,
  GENERATION_MISSING: 66,
  GENERATION_DAMAGED: 77,
  JOURNAL_DAMAGED: 77,
  NOTHING_ACTIVE: 66,

  // The runtime.
  LOAD_FAILED: 1,
  REQUIRE_DENIED: 1,
  ISOLATION_UNSUPPORTED: 78,
  START_FAILED: 1,
  START_TIMEOUT: 1,
  STOP_FAILED: 1,
  STOP_TIMEOUT: 1,
  BLOCKED: 1,
  PORT_UNBOUND: 1,
  SECRET_MISSING: 78,

  /** An exception that nobody planned for. */
  BUG: 70,
} as const;

export type ErrorCode = keyof typeof CODES;
