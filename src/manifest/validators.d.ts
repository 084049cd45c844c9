import type { ErrorObject } from "ajv";

/** Checks a value against one schema of `schemas/` and fills in its defaults. */
interface Validator {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

export declare const approval: Validator;
export declare const bundle: Validator;
export declare const checkpoint: Validator;
export declare const deployment: Validator;
export declare const generation: Validator;
export declare const journal: Validator;
export declare const lock: Validator;
export declare const plan: Validator;
export declare const platform: Validator;
export declare const plugin: Validator;
export declare const trust: Validator;

/** The schemas themselves, by file name, for messages that say what was expected. */
export declare const schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
