/** Loaded only where a plugin brings a config schema of its own. */
export { Ajv2020 } from "ajv/dist/2020.js";
