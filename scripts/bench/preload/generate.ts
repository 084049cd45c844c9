/** Code of made-up plugins, as their authors would write it: classes, tables, validators, of which a start uses some. */

/** A third of the blocks is used when the plugin activates, as measured on bundled connectors. */
const USED = 3;

const block = (n: number, salt: number): string => `
class Codec${n} {
  constructor(scale) {
    this.scale = scale;
    this.seen = new Map();
    this.fields = ["price", "quantity", "side", "time${salt % 97}"];
  }
  encode(order) {
    const parts = [];
    for (const field of this.fields) {
      const value = order[field];
      if (value === undefined) continue;
      parts.push(field + "=" + (typeof value === "number" ? value.toFixed(this.scale) : String(value)));
    }
    const text = parts.join("|");
    this.seen.set(text, (this.seen.get(text) ?? 0) + 1);
    return text;
  }
  decode(text) {
    return Object.fromEntries(text.split("|").map((part) => {
      const at = part.indexOf("=");
      return [part.slice(0, at), part.slice(at + 1)];
    }));
  }
}
const limits${n} = {
  maxNotional: ${(salt * 7919) % 1_000_003},
  bands: [[0, ${(salt % 89) / 100}], [1000, ${(salt % 53) / 100}], [100000, ${(salt % 31) / 100}]],
  venues: { alpha: { fee: ${salt % 11}, tick: "0.01" }, beta: { fee: ${salt % 13}, tick: "0.001" } },
};
function validate${n}(order, context) {
  if (!(order.quantity > 0)) throw new RangeError("quantity must be positive in block ${n}");
  if (order.price * order.quantity > limits${n}.maxNotional) {
    return { ok: false, code: "NOTIONAL", limit: limits${n}.maxNotional, asked: order.price * order.quantity };
  }
  switch (order.side) {
    case "buy": return { ok: true, fee: limits${n}.venues.alpha.fee, hash: (order.price * ${salt % 1009}) % 9973 };
    case "sell": return { ok: true, fee: limits${n}.venues.beta.fee, hash: (order.price * ${salt % 2003}) % 9967 };
    default: return context?.strict ? { ok: false, code: "SIDE" } : { ok: true, fee: 0, hash: ${n} };
  }
}
use.push((order) => {
  const codec = new Codec${n}(${salt % 8});
  const verdict = validate${n}(order, { strict: true });
  return codec.decode(codec.encode({ ...order, time${salt % 97}: verdict.hash ?? 0 })).side.length;
});
`;

/** A plugin's code but for how it is exported: `activate` is defined in it. */
function body(index: number, bytes: number): string {
  let text = "const use = [];\n";
  for (let n = 0; text.length < bytes - 300; n++) text += block(n, index * 1009 + n * 31 + 7);
  return `${text}
function activate() {
  let sum = 0;
  for (let i = 0; i < use.length; i += ${USED}) sum += use[i]({ price: 100 + i, quantity: 2, side: "buy" });
  return { main: { sum } };
}
`;
}

/** The same plugin in the forms that the hosts load. */
export const sourcesOf = (index: number, bytes: number) => {
  const code = body(index, bytes);
  return {
    esm: `${code}export default { activate };\n`,
    cjs: `${code}module.exports.default = { activate };\n`,
  };
};
