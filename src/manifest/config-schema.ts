import { createContext, runInContext } from "node:vm";

import type { ErrorObject } from "ajv";

import { messageOf } from "../domain/errors.ts";
import type { Manifest } from "../domain/manifest.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { schemaFindings } from "./check-schema.ts";
import { restrictions, unusable } from "./config-keywords.ts";
import type { Finding } from "./document.ts";
import { once } from "./once.ts";

/** A configuration as its schema judges it. */
type ConfigCheck = (config: unknown) => Result<readonly ErrorObject[], Finding>;

/** Longest that one check may take, in ms. Real ones take less than one. */
const MAX_CHECK_MS = 1000;

/**
 * Prepares the check of a plugin's configuration. The schema comes from whoever wrote the plugin: it is bounded and
 * restricted before it is compiled, and every check has a deadline. The compiler is loaded only where there is something to compile.
 *
 * @returns The check, or what keeps the schema from being used; findings point into the schema.
 */
export async function compileConfigSchema(schema: Schema): Promise<Compiled> {
  if (Object.keys(schema).length === 0) return ok(() => ok([]));
  const text = JSON.stringify(schema);
  const known = compiled.get(text);
  if (known) return known;
  const made = await compile(schema, text);
  if (compiled.size === MAX_COMPILED) compiled.clear();
  compiled.set(text, made);
  return made;
}

type Schema = Manifest["config"]["schema"];
type Compiled = Result<ConfigCheck, readonly Finding[]>;

/** By the text of the schema: the plugins of one venue family, or of one template, have the same. */
const compiled = new Map<string, Compiled>();
const MAX_COMPILED = 256;

async function compile(schema: Schema, text: string): Promise<Compiled> {
  const restricted = restrictions(schema);
  if (restricted.length > 0) return err(restricted);
  const { ajv, metaSchema } = await loadCompiler();
  try {
    if (!metaSchema(schema)) {
      const source = { schemas: {}, file: "", subject: "the schema" };
      return err(
        schemaFindings(metaSchema.errors ?? [], { source, value: schema })
          .slice(0, 1)
          .map((found) => ({ ...found, code: "CONFIG_SCHEMA_INVALID" })),
      );
    }
    const validate = ajv.compile(schema);
    // Or the compiler would remember every schema that it was ever given.
    ajv.removeSchema(schema);
    const check = (config: unknown) => (validate(config) ? [] : (validate.errors ?? []));
    return ok(
      CAN_RUN_AWAY.test(text) ? (config) => withDeadline(() => check(config)) : (config) => ok(check(config)),
    );
  } catch (error) {
    if (error instanceof RangeError) return err([ENDLESS]);
    return err([notCompiled(messageOf(error))]);
  }
}

/** Keywords by which a small schema can cost much. Without them a check looks at each value once. */
const CAN_RUN_AWAY =
  /"(?:\$ref|allOf|anyOf|contains|dependentSchemas|if|not|oneOf|pattern|patternProperties|propertyNames|uniqueItems)":/;

const OPTIONS = {
  strict: true,
  strictRequired: false,
  allErrors: true,
  ownProperties: true,
  messages: false,
  logger: false,
} as const;

/** Loads ajv at the first schema. JSON Schema itself was compiled ahead: it takes longer than all other schemas. */
const loadCompiler = once(async () => {
  const [{ Ajv2020 }, { metaSchema }] = await Promise.all([
    import("./schema-compiler.ts"),
    import("./meta-schema.js"),
  ]);
  return { ajv: new Ajv2020({ ...OPTIONS, meta: false, validateSchema: false }), metaSchema };
});

/** The realm that checks run in, so that they can be stopped. Empty: a check brings all it needs. */
const checkRealm = once(() => createContext({}));

/** The compiler tells the place of what is ambiguous, such as `minimum` without a `type`, at the end of its message. */
function notCompiled(message: string): Finding {
  const [, what = message, pointer = ""] = /^(?:strict mode: )?(.*) at "#(.*)"/.exec(message) ?? [];
  return unusable(pointer, `the config schema cannot be used: ${what}`);
}

/** Stops a check that runs away, in whatever it does: patterns and references can both be made to. */
function withDeadline(check: () => readonly ErrorObject[]): Result<readonly ErrorObject[], Finding> {
  try {
    const realm = checkRealm();
    realm["check"] = check;
    return ok(runInContext("check()", realm, { timeout: MAX_CHECK_MS }) as readonly ErrorObject[]);
  } catch (error) {
    if (error instanceof RangeError) return err(ENDLESS);
    // An error of the script's own realm: it is no `Error` of this one.
    if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    return err(unusable("", `checking the configuration takes longer than ${MAX_CHECK_MS} ms`));
  }
}

const ENDLESS = unusable("", "the config schema refers to itself without end");
