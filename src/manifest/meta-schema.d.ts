import type { ErrorObject } from "ajv";

/** Checks a value against JSON Schema 2020-12 itself. */
export declare const metaSchema: {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
};
