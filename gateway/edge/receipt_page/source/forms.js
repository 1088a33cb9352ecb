// Bytes, strict JSON, base64, and the forms of a receipt: docs/receipts.md.

class Damaged extends Error {
  // `isGiven`: the receipt may be whole, what was given beside it differs.
  constructor(code, where, detail, isGiven = false) {
    super(`${where}: ${code}: ${detail}`);
    this.code = code;
    this.isGiven = isGiven;
  }
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const KIND = /^[a-z][a-z0-9-]{0,63}$/;
const TOKEN = /^[!-~]{0,256}$/;
const HEX_32 = /^[0-9a-f]{64}$/;
const LONE_SURROGATE = /[\ud800-\udfff]/u;
const MAX_INTEGER = 2n ** 53n - 1n;

const encode = (text) => new TextEncoder().encode(text);
const hex = (bytes) => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
const same = (a, b) => a.length === b.length && a.every((each, i) => each === b[i]);

function joined(...pieces) {
  const out = new Uint8Array(pieces.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of pieces) {
    out.set(each, at);
    at += each.length;
  }
  return out;
}

function need(holds, text) {
  if (!holds) throw new Error(text);
}

function textOf(bytes) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

function fromBase64(text, size) {
  const binary = atob(text);
  need(btoa(binary) === text && (size === undefined || binary.length === size), `not the base64 of ${size} bytes`);
  return Uint8Array.from(binary, (each) => each.charCodeAt(0));
}

function fromHex(text) {
  need(typeof text === "string" && HEX_32.test(text), "64 lower-case hex digits expected");
  return Uint8Array.from({ length: 32 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

// JSON.parse lets a member be named twice and takes 1.0 for 1; two readers could see two documents. Here an object is
// a Map, a whole number a BigInt.
function strictJson(text) {
  let at = 0;
  const space = () => {
    while (" \t\n\r".includes(text[at] || "x")) at++;
  };
  const take = (wanted) => {
    need(text.startsWith(wanted, at), `${wanted} expected at ${at}`);
    at += wanted.length;
  };
  const string = () => {
    const start = at;
    take('"');
    for (; text[at] !== '"'; at++) {
      need(at < text.length, "a text without an end");
      if (text[at] === "\\") at++;
    }
    at++;
    return JSON.parse(text.slice(start, at));
  };
  const list = (end, each) => {
    at++;
    space();
    for (let first = true; text[at] !== end; first = false) {
      if (!first) take(",");
      space();
      each();
      space();
      need(text[at] === end || text[at] === ",", `, or ${end} expected at ${at}`);
    }
    at++;
  };
  const value = () => {
    space();
    if (text[at] === '"') return string();
    if (text[at] === "[") {
      const items = [];
      list("]", () => items.push(value()));
      return items;
    }
    if (text[at] === "{") {
      const members = new Map();
      list("}", () => {
        const name = string();
        need(!members.has(name), "an object names a member twice");
        space();
        take(":");
        members.set(name, value());
      });
      return members;
    }
    for (const [word, meaning] of [["true", true], ["false", false], ["null", null]]) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    const number = /(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
    number.lastIndex = at;
    const found = number.exec(text);
    need(found, `no JSON at ${at}`);
    at = number.lastIndex;
    return found[2] || found[3] ? Number(found[0]) : BigInt(found[1]);
  };
  const said = value();
  space();
  need(at === text.length, `more than one value, from ${at}`);
  return said;
}

function exactly(value, names, optional = []) {
  need(value instanceof Map, "an object expected");
  const size = names.length + optional.filter((name) => value.has(name)).length;
  need(value.size === size && names.every((name) => value.has(name)), `exactly ${names.join(", ")} expected`);
  return value;
}

function text(value, form = /^/) {
  need(typeof value === "string" && form.test(value), "a text of another form expected");
  return value;
}

function whole(value) {
  need(typeof value === "bigint" && value >= 0n && value <= MAX_INTEGER, "a whole number expected");
  return value;
}

function wellFormed(value) {
  need(!LONE_SURROGATE.test(text(value)), "text that is not Unicode");
  return value;
}

function readDocument(bytes) {
  try {
    const said = exactly(strictJson(textOf(bytes)), [
      "format", "version", "leaves", "checkpoint", "verifier", "certificate", "salts",
    ], ["timestamp"]);
    need(said.get("format") === "simojo-receipt" && whole(said.get("version")) === 1n, "not simojo-receipt 1");
    need(Array.isArray(said.get("leaves")) && said.get("salts") instanceof Map, "leaves and salts expected");
    return {
      leaves: said.get("leaves").map(carriedLeaf),
      checkpoint: text(said.get("checkpoint")),
      verifier: text(said.get("verifier")),
      certificate: text(said.get("certificate")),
      salts: new Map(Array.from(said.get("salts"), ([part, salt]) => [part, fromHex(salt)])),
      timestamp: said.has("timestamp") ? token(said.get("timestamp")) : null,
    };
  } catch (fault) {
    throw new Damaged("receipt-malformed", "receipt", fault.message);
  }
}

function token(value) {
  const bytes = fromBase64(text(value));
  need(bytes.length, "an empty timestamp");
  return bytes;
}

function carriedLeaf(value) {
  const said = exactly(value, ["index", "leaf", "proof"]);
  need(Array.isArray(said.get("proof")), "proof: a list expected");
  return {
    index: whole(said.get("index")),
    data: encode(wellFormed(said.get("leaf"))),
    proof: said.get("proof").map((step) => fromBase64(text(step), 32)),
  };
}

// A leaf is RFC 8785 JSON. Its names are ASCII, so sorting by UTF-16 is sorting by code point.
function canonical(value) {
  if (!(value instanceof Map)) return typeof value === "string" ? JSON.stringify(value) : String(value);
  const members = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(",")}}`;
}

function readLeaf(data, index) {
  try {
    const written = textOf(data);
    const said = exactly(strictJson(written), [
      "v", "id", "kind", "at", "exchange", "actor", "agreement", "commitments", "extra",
    ]);
    need(said.get("v") === 1n, "version 1 expected");
    need(said.get("commitments") instanceof Map && said.get("extra") instanceof Map, "objects expected");
    const commitments = Array.from(said.get("commitments"), ([part, value]) => [text(part, NAME), fromHex(value)]);
    for (const [name, value] of said.get("extra")) {
      text(name, NAME);
      if (typeof value === "bigint") need(value <= MAX_INTEGER && value >= -MAX_INTEGER, "too large a number");
      else wellFormed(value);
    }
    const exchange = text(said.get("exchange"));
    if (exchange || commitments.length) text(exchange, NAME);
    text(said.get("id"), NAME);
    text(said.get("actor"), TOKEN);
    const leaf = {
      kind: text(said.get("kind"), KIND),
      at: instant(text(said.get("at"))),
      exchange,
      agreement: text(said.get("agreement"), TOKEN),
      commitments: new Map(commitments),
    };
    need(canonical(said) === written, "another spelling than RFC 8785");
    return leaf;
  } catch (fault) {
    throw new Damaged("leaf-not-canonical", `leaf ${index}`, fault.message);
  }
}

function instant(written) {
  const found = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.[0-9]{6}Z$/.exec(written);
  need(found, "a time in UTC with six digits of a second expected");
  const at = new Date(`${written.slice(0, 23)}Z`);
  need(!Number.isNaN(at.getTime()) && at.toISOString() === `${written.slice(0, 23)}Z` && found[1] > "0000", "no such time");
  return at;
}
