import { dirname, resolve } from "node:path";

import type { Diagnostic } from "../../domain/diagnostic.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { Manifest } from "../../domain/manifest.ts";
import { pool } from "../../domain/settle.ts";
import type { Fix } from "../../manifest/fix.ts";
import { checkPluginConfig, parseAny, type AnyDocument } from "../../manifest/parse.ts";
import { checkDeployedConfigs, checkSet } from "../../manifest/set/check-set.ts";
import { decodeText, MAX_TEXT_BYTES } from "../../manifest/text.ts";
import type { Io } from "../command.ts";
import type { FoundFile } from "./find.ts";

/** What one run over some documents came to. */
export interface Checked {
  /** Absolute paths of the documents, in the order they were given. */
  readonly files: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly fixes: readonly Fix[];
}

interface CheckedDocument {
  readonly file: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly fixes: readonly Fix[];
  /** Absent where the text is not a valid document. */
  readonly document?: AnyDocument;
}

/** Files that are read at once; each holds a descriptor, and a process has few. */
const AT_ONCE = 64;

/** Checks every file on its own, and then all valid ones together. */
export async function checkFiles(
  io: Io,
  files: readonly FoundFile[],
  options: { readonly fix: boolean },
): Promise<Checked> {
  const checking = files.map((file) => () => checkFile(io, file, options));
  const checked = await Promise.all(pool(checking, AT_ONCE));
  return await together(checked.flat());
}

/** Checks what came without a file. @param file Path that it would have; `undefined` where nothing is beside it. */
export async function checkInput(io: Io, bytes: Buffer, file: string | undefined): Promise<Checked> {
  const checked = checkBytes(bytes, file ?? resolve(io.cwd, "stdin.yaml"));
  return await together([file === undefined ? checked : await withPlugin(io, checked)]);
}

async function together(checked: readonly CheckedDocument[]): Promise<Checked> {
  const documents = checked.flatMap(({ document }) => (document ? [document] : []));
  return {
    files: checked.map(({ file }) => file),
    diagnostics: [
      ...checked.flatMap(({ diagnostics }) => diagnostics),
      ...checkSet(documents),
      ...(await checkDeployedConfigs(documents)),
    ],
    fixes: checked.flatMap(({ fixes }) => fixes),
  };
}

/** A file that cannot be read is a finding too: one missing file must not hide what is wrong in the others. */
async function checkFile(
  io: Io,
  { path, certain }: FoundFile,
  { fix }: { readonly fix: boolean },
): Promise<CheckedDocument[]> {
  try {
    const bytes = await io.files.read(path, MAX_TEXT_BYTES);
    if (!certain && !NAMES_OUR_FORMAT.test(bytes.toString("latin1"))) return [];
    const checked = checkBytes(bytes, path);
    const isFixable = fix && checked.diagnostics.length > 0;
    return [await withPlugin(io, isFixable ? await fixed(io, bytes, checked) : checked)];
  } catch (error) {
    // What could not be mended ends the run: nothing else would tell it from what was not to be mended.
    if (!(error instanceof TradsysError) || error.code === "CANNOT_WRITE") throw error;
    return [{ file: path, diagnostics: error.diagnostics, fixes: [] }];
  }
}

/** In YAML and in JSON, wherever it stands: the parser decides, this only spares it other people's files. */
const NAMES_OUR_FORMAT = /["']?\bapiVersion["']?\s*:\s*["']?tradsys\//;

function checkBytes(bytes: Buffer, file: string): CheckedDocument {
  const text = decodeText(bytes, file);
  const parsed = text.ok ? parseAny(text.value, file) : text;
  return parsed.ok
    ? { file, diagnostics: parsed.value.warnings, fixes: [], document: parsed.value }
    : { file, diagnostics: parsed.error, fixes: [] };
}

/** Writes the file only where something in it was mended; what mends is loaded only where something is wrong. */
async function fixed(io: Io, bytes: Buffer, checked: CheckedDocument): Promise<CheckedDocument> {
  const { file } = checked;
  const text = decodeText(bytes, file);
  if (!text.ok) return checked;
  const { fixText } = await import("../../manifest/fix.ts");
  const { text: better, fixes } = fixText(text.value, file);
  if (fixes.length === 0) return checked;
  const mark = bytes.subarray(0, UTF8_MARK.length).equals(UTF8_MARK) ? UTF8_MARK : Buffer.alloc(0);
  const mended = Buffer.concat([mark, Buffer.from(better)]);
  await io.files.write(file, mended);
  return { ...checkBytes(mended, file), fixes };
}

/** The byte order mark, which is no part of the text. */
const UTF8_MARK = Buffer.from("\uFEFF");

/** What is left to check of a plugin: its own config schema, and whether its entry file exists. */
async function withPlugin(io: Io, checked: CheckedDocument): Promise<CheckedDocument> {
  const { document, file, diagnostics } = checked;
  if (document?.format !== "plugin") return checked;
  const manifest = document.value as Manifest;
  const config = await checkPluginConfig({ value: manifest, locate: document.locate });
  const found = [...diagnostics, ...config];
  const { entry } = manifest;
  if ((await io.files.kind(resolve(dirname(file), entry))) === "file")
    return { ...checked, diagnostics: found };
  const missing = document.locate({
    code: "ENTRY_MISSING",
    severity: "error",
    pointer: "/entry",
    message: `there is no file \`${entry}\` beside this manifest`,
    hint: "Name the source file that default-exports the plugin.",
  });
  return { ...checked, diagnostics: [...found, missing] };
}
