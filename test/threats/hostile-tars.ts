import { packed } from "../bundle/sample.ts";
import { archive, entry, withChecksum } from "../bundle/tar.ts";

const [plugin, ...others] = [...packed().files].map(([name, body]) => entry(name, body)) as [
  Buffer,
  ...Buffer[],
];

/** The archive that every hostile one is made from; readers accept it. */
export const honest = archive(plugin, ...others);

/** The honest archive with more at its end, before the zero blocks. */
const plus = (...entries: readonly Buffer[]): Buffer => archive(plugin, ...others, ...entries);

/** The honest archive with a file more, in whose header `text` stands at `offset`. */
const edited = (offset: number, text: string, body = "x"): Buffer =>
  plus(entry("z", body, (header) => header.write(text, offset, "latin1")));

/** An entry of another type, whose body older and newer readers understand in different ways. */
const typed = (type: string, name: string, body = ""): Buffer =>
  entry(name, body, (header) => header.write(type, 156, "latin1"));

/** One record of a PAX header: its length counts itself. */
function pax(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const width = (length: number): number => rest.length + String(length).length;
  return `${width(width(rest.length))}${rest}`;
}

const numeric = {
  mode: [100, 8, "000644 \0"],
  "owner id": [108, 8, "000000 \0"],
  "group id": [116, 8, "000000 \0"],
  size: [124, 12, "0000000001 \0"],
  time: [136, 12, "0000000000 \0"],
  "major number": [329, 8, "000000 \0"],
  "minor number": [337, 8, "000000 \0"],
} as const;

/** Every way to write a number that some reader takes for the normal one, for another, or for none. */
const spellings = ([, width, normal]: (typeof numeric)[keyof typeof numeric]): Record<string, string> => {
  const digits = normal.slice(0, -2);
  return {
    "filled with 0xff": "\xff".repeat(width),
    "filled with NUL": "\0".repeat(width),
    "filled with spaces": " ".repeat(width),
    "in base 256": `\x80${"\0".repeat(width - 2)}\x01`,
    "huge in base 256": `\x80${"\x7f".repeat(width - 1)}`,
    "negative in base 256": `\xff${"\xff".repeat(width - 2)}\xfe`,
    "the largest octal": "7".repeat(width),
    "with a minus sign": `-${digits.slice(1)} \0`,
    "with a plus sign": `+${digits.slice(1)} \0`,
    "with a digit 8": `${digits.slice(1)}8 \0`,
    "with a letter": `0x${digits.slice(2)} \0`,
    "padded with spaces": `${digits.replace(/^0+(?=.)/, (zeros) => " ".repeat(zeros.length))} \0`,
    "ended by NUL": `${"0".repeat(width - 1 - digits.length)}${digits}\0`,
    "ended by two NULs": `${digits}\0\0`,
    "ended by a space": `${digits}\0 `,
    "not ended": `${"0".repeat(width - digits.length)}${digits}`,
    "with another first digit": `7${digits.slice(1)} \0`,
  };
};

const numbers = Object.entries(numeric).flatMap(([field, spec]) =>
  Object.entries(spellings(spec)).map(([how, text]): [string, () => Buffer] => [
    `a ${field} ${how}`,
    () => edited(spec[0], text),
  ]),
);

const names = Object.entries({
  "that is empty": "",
  "that is absolute": "/etc/passwd",
  "that leads up": "../z",
  "that leads up from inside": "z/../../z",
  "that leads up at its end": "z/..",
  "of the folder itself": ".",
  "that begins with the folder itself": "./z",
  "with the folder itself inside": "z/./z",
  "with two slashes": "z//z",
  "that ends in a slash": "z/",
  "with a backslash": "z\\z",
  "that leads up by backslashes": "..\\..\\z",
  "with a drive": "C:z",
  "with a drive and a root": "C:\\z",
  "of a network share": "\\\\server\\share",
  "with a stream": "z:stream",
  "with a space": "z z",
  "with a newline": "z\nz",
  "with a carriage return": "z\rz",
  "with an escape sequence": "z\x1b[2J",
  "with a bell": "z\x07",
  "with a DEL": "z\x7f",
  "with a C1 control": "z\u0085",
  "that runs backwards": "z\u202egpj.js",
  "with an invisible joiner": "z\u200dz",
  "with a byte order mark": "\ufeffz",
  "in another script that looks alike": "рlugin.json",
  "with a composed letter": "zé",
  "with a decomposed letter": "ze\u0301",
  "with a fullwidth slash": "z\uff0f..\uff0fz",
  "that a shell expands": "z$(id)",
  "that a shell splits": "z;z",
  "that is a pattern": "z*",
  "that is an option": "-z",
  "that is hidden": ".zshrc",
  "that ends in a dot": "z.",
  "of a device": "NUL",
  "of a device with an extension": "z/aux.js",
  "of a port": "com1",
  "with a quote": "z'",
  "with a percent escape": "z%2e%2e",
}).map(([what, name]): [string, () => Buffer] => [`a name ${what}`, () => plus(entry(name, "x"))]);

const rawNames = Object.entries({
  "with bytes after its NUL": "z\0hidden",
  "of bad UTF-8": "z\xff\xfe",
  "of overlong UTF-8": "z\xc0\xae\xc0\xae",
  "that fills its field": "z".repeat(100),
}).map(([what, name]): [string, () => Buffer] => [`a name ${what}`, () => edited(0, name)]);

/** Every type but that of a regular file. */
const types = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
  .filter((type) => type !== "0")
  .map((type): [string, () => Buffer] => [
    `an entry of type ${JSON.stringify(type)}`,
    () => plus(typed(type, "z")),
  ]);

const links: [string, () => Buffer][] = ["1", "2"].flatMap((type) =>
  ["/etc/passwd", "../../outside", "plugin.json", "dist/plugin.js"].map((target): [string, () => Buffer] => [
    `a ${type === "1" ? "hard" : "symbolic"} link to ${target}`,
    () =>
      plus(
        entry("z", "", (header) => {
          header.write(type, 156);
          header.write(target, 157);
        }),
      ),
  ]),
);

const evil = entry("dist/plugin.js", "evil()");

/** Headers by which one reader sees a file that another does not. */
const smuggled: Record<string, () => Buffer> = {
  "a PAX path": () => plus(typed("x", "PaxHeader", pax("path", "../z")), entry("z", "x")),
  "a PAX size that skips a file": () =>
    plus(typed("x", "PaxHeader", pax("size", "1024")), entry("z", ""), evil),
  "a PAX size that uncovers one": () => plus(typed("x", "PaxHeader", pax("size", "0")), entry("z", evil)),
  "a PAX link": () => plus(typed("x", "PaxHeader", pax("linkpath", "/etc/passwd")), typed("2", "z")),
  "a PAX header that says nothing": () => plus(typed("x", "PaxHeader", pax("comment", "x")), entry("z", "x")),
  "a PAX header of broken length": () => plus(typed("x", "PaxHeader", "99999 path=z\n"), entry("y", "x")),
  "a PAX header for all": () => archive(typed("g", "PaxHeader", pax("path", "z")), plugin, ...others),
  "a PAX header for all at the end": () => plus(typed("g", "PaxHeader", pax("mtime", "1"))),
  "PAX sparse data": () => plus(typed("x", "PaxHeader", pax("GNU.sparse.size", "1")), entry("z", "x")),
  "PAX extended attributes": () =>
    plus(typed("x", "PaxHeader", pax("SCHILY.xattr.security.capability", "x")), entry("z", "x")),
  "a GNU long name": () => plus(typed("L", "././@LongLink", `${"z".repeat(200)}\0`), entry("z", "x")),
  "a GNU long link": () => plus(typed("K", "././@LongLink", `${"z".repeat(200)}\0`), typed("2", "z")),
  "a GNU sparse file": () => plus(typed("S", "z")),
  "a GNU folder listing": () => plus(typed("D", "z/", "Yplugin.json\0\0")),
  "a GNU volume label": () => archive(typed("V", "label"), plugin, ...others),
  "a continued GNU volume": () => archive(typed("M", "plugin.json"), plugin, ...others),
  "a Solaris ACL": () => plus(typed("A", "z", "user::rwx")),
  "a vendor's PAX header": () => plus(typed("X", "PaxHeader", pax("path", "z")), entry("y", "x")),
  "a name in two parts": () => edited(345, "prefix"),
  "a name that leads up in its prefix": () => edited(345, "../.."),
  "access times where GNU has them": () => edited(345, "00000000000\0"),
  "the end mark of star": () => edited(508, "tar\0"),
  "GNU's magic": () => edited(257, "ustar  \0"),
  "no magic": () => edited(257, "\0".repeat(8)),
  "another version of ustar": () => edited(257, "ustar\u000001"),
  "a magic without its NUL": () => edited(257, "ustar 00"),
  "an owner": () => edited(265, "root"),
  "an owner after a NUL": () => edited(265, "\0root"),
  "a group": () => edited(297, "root"),
  "bytes in the reserved part": () => edited(500, "x"),
  "a link name on a file": () => edited(157, "/etc/passwd"),
  "a link name after a NUL": () => edited(157, "\0passwd"),
  "a setuid mode": () => edited(100, "004755 \0"),
  "a sticky mode": () => edited(100, "001644 \0"),
  "mode zero": () => edited(100, "000000 \0"),
  "an executable mode": () => edited(100, "000755 \0"),
  "a file type in the mode": () => edited(100, "100644 \0"),
  "a size that covers the next header": () =>
    plus(
      entry("y", "", (header) => header.write("0000001000 \0", 124)),
      evil,
    ),
  "a size that leaves a header in the body": () =>
    plus(entry("z", evil, (header) => header.write("0000000000 \0", 124))),
  "a size that runs past the end": () => edited(124, "0000100000 \0"),
  "a size just past the end": () => plus(entry("z", "", (header) => header.write("0000003001 \0", 124))),
  "bytes in the padding": () => {
    const padded = entry("z", "x");
    padded.write("hidden", 512 + 10);
    return plus(padded);
  },
};

function checksummed(change: (header: Buffer) => void): Buffer {
  const odd = entry("z", "");
  change(odd.subarray(0, 512));
  return plus(odd);
}

const checksums: Record<string, () => Buffer> = {
  "that is wrong": () => checksummed((header) => header.write("000001", 148)),
  "that is empty": () => checksummed((header) => header.fill(0, 148, 156)),
  "of spaces": () => checksummed((header) => header.fill(" ", 148, 156)),
  "that ends otherwise": () => checksummed((header) => header.write("\0 ", 154)),
  "in base 256": () => checksummed((header) => header.write("\x80", 148, "latin1")),
  "of signed bytes": () =>
    checksummed((header) => {
      header[0] = 0xe9;
      withChecksum(header);
      const sum = Number.parseInt(header.toString("latin1", 148, 154), 8) - 256;
      header.write(sum.toString(8).padStart(6, "0"), 148);
    }),
};

const BLOCK = Buffer.alloc(512);

/** What stands where, and where it ends. */
const layouts: Record<string, () => Buffer> = {
  "of nothing": () => Buffer.alloc(0),
  "of one byte": () => Buffer.of(0),
  "of zero blocks only": () => Buffer.alloc(1024),
  "of ten kilobytes of zeros": () => Buffer.alloc(10_240),
  "of random bytes": () => Buffer.from(Array.from({ length: 2048 }, (_, i) => (i * 7919) % 251)),
  "without plugin.json": () => archive(...others),
  "where plugin.json is not the first": () => archive(...others.slice(0, 1), plugin, ...others.slice(1)),
  "with plugin.json twice": () => archive(plugin, plugin, ...others),
  "with plugin.json again at the end": () => plus(plugin),
  "with a file twice": () => plus(entry("z", "x"), entry("z", "x")),
  "with a file twice, the second one evil": () => plus(entry("z", "x"), entry("z", "y")),
  "with names that differ in case": () => plus(entry("Z", "x"), entry("z", "x")),
  "with folders that differ in case": () => plus(entry("Z/a", "x"), entry("z/b", "x")),
  "with a second PLUGIN.JSON": () => archive(plugin, ...others.slice(0, 1), entry("PLUGIN.JSON", "{}")),
  "with a file that is a folder too": () => plus(entry("z", "x"), entry("z/z", "x")),
  "with a folder below plugin.json": () => plus(entry("plugin.json/z", "x")),
  "out of order": () => archive(plugin, ...others.toReversed()),
  "without an end": () => honest.subarray(0, -1024),
  "with half an end": () => honest.subarray(0, -512),
  "that lacks its last byte": () => honest.subarray(0, -1),
  "with a third zero block": () => Buffer.concat([honest, BLOCK]),
  "padded to ten kilobytes": () => Buffer.concat([honest, Buffer.alloc(10_240 - (honest.length % 10_240))]),
  "with one byte after its end": () => Buffer.concat([honest, Buffer.of(0)]),
  "with garbage after its end": () => Buffer.concat([honest, Buffer.from("garbage")]),
  "with an entry after its end": () => Buffer.concat([honest, evil]),
  "with a second archive after its end": () => Buffer.concat([honest, honest]),
  "with an entry after one zero block": () => archive(plugin, ...others, BLOCK, evil),
  "with a zero block first": () => Buffer.concat([BLOCK, honest]),
  "with a zero block between entries": () => archive(plugin, BLOCK, ...others),
  "cut off in a header": () => honest.subarray(0, plugin.length + 100),
  "cut off in a body": () => honest.subarray(0, 600),
  "cut off after a header": () => honest.subarray(0, 512),
  "cut off in the padding": () => honest.subarray(0, plugin.length - 1),
  "with half a header at its end": () => Buffer.concat([honest.subarray(0, -1024), evil.subarray(0, 200)]),
  "shifted by one byte": () => Buffer.concat([Buffer.of(0), honest]),
  "of a cpio": () => Buffer.from("070701".padEnd(1024, "0")),
  "of a zip": () => Buffer.concat([Buffer.from("PK\x03\x04"), honest]),
};

const floods: Record<string, () => Buffer> = {
  "of 2001 files": () => plus(...Array.from({ length: 2000 }, (_, i) => entry(`z${1000 + i}`, ""))),
  "of 100,000 files": () => {
    const one = entry("z", "");
    return archive(plugin, Buffer.alloc(512 * 100_000, one));
  },
  "of folders a thousand deep": () => plus(entry("z/".repeat(1000), "")),
};

const under = (what: string, made: Readonly<Record<string, () => Buffer>>): [string, () => Buffer][] =>
  Object.entries(made).map(([name, make]) => [`${what} ${name}`, make]);

/** Archives of which no byte may be believed, by what is wrong with each. */
export const hostileTars: ReadonlyMap<string, () => Buffer> = new Map([
  ...numbers,
  ...names,
  ...rawNames,
  ...types,
  ...links,
  ...under("an archive with", smuggled),
  ...under("a checksum", checksums),
  ...under("an archive", layouts),
  ...under("a flood", floods),
]);
