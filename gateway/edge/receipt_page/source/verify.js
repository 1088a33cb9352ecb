// The judgement of a receipt, in the order of docs/receipts.md. What does the hashing and the signature is told too.

const LATEST = 253402127999n; // POSIX seconds: the last that a date of four digits holds, anywhere
const ENGINE = { sha256: "own", ed25519: "own" };

async function sha256(bytes) {
  const subtle = globalThis.crypto && crypto.subtle;
  ENGINE.sha256 = subtle ? "webcrypto" : "own";
  return subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : ownSha256(bytes);
}

async function hmac(key, message) {
  const block = new Uint8Array(64);
  block.set(key);
  const inner = await sha256(joined(block.map((each) => each ^ 0x36), message));
  return sha256(joined(block.map((each) => each ^ 0x5c), inner));
}

async function verifyEd25519(key, signature, message) {
  let imported = null;
  try {
    imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    // no WebCrypto, or one without Ed25519: the page's own
  }
  ENGINE.ed25519 = imported ? "webcrypto" : "own";
  if (!imported) return ownEd25519(key, signature, message);
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
}

// What a token of RFC 3161 says, with nothing of it verified: the first GeneralizedTime of the TSTInfo inside it.
function timeOf(token) {
  const said = Array.from(token, (each) => String.fromCharCode(each)).join("");
  const info = said.indexOf("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04"); // id-ct-TSTInfo
  const found = /\x18[\x0f-\x1f]([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.[0-9]+)?Z/.exec(said.slice(info));
  if (info < 0 || !found) return null;
  const at = new Date(`${found.slice(1, 4).join("-")}T${found.slice(4, 7).join(":")}Z`);
  return Number.isNaN(at.getTime()) ? null : at;
}

function isName(name) {
  return name !== "" && !/[\u0000-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/.test(name);
}

// `algorithm` is 1 for a ledger's key, 4 for a witness's.
async function readKey(written, algorithm = 1) {
  try {
    const [name, id] = written.split("+", 2);
    const key = fromBase64(written.split("+").slice(2).join("+"), 33);
    need(isName(wellFormed(name)) && key[0] === algorithm, `a name without spaces and the algorithm ${algorithm} (Ed25519) expected`);
    const derived = (await sha256(joined(encode(`${name}\n`), key))).slice(0, 4);
    need(hex(derived) === id, `its id is ${hex(derived)}`);
    return { name, id, bytes: key.slice(1) };
  } catch (fault) {
    throw new Damaged("verifier-key", `verifier key ${written.slice(0, 120)}`, fault.message, algorithm === 4);
  }
}

function splitNote(note) {
  try {
    need([...wellFormed(note)].length <= 131072 && !/[\u0000-\u0009\u000b-\u001f]/.test(note), "too long, or control characters");
    const gap = note.lastIndexOf("\n\n");
    const lines = note.slice(gap + 2);
    need(gap > 0 && lines.endsWith("\n"), "text, an empty line and signature lines expected");
    const signatures = lines.slice(0, -1).split("\n").map((line) => {
      const fields = line.split(" ");
      need(fields.length === 3 && fields[0] === "—" && isName(fields[1]), "no signature line");
      const bytes = fromBase64(fields[2]);
      need(bytes.length > 4, "a signature line without a signature");
      return { name: fields[1], id: hex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
    });
    return [note.slice(0, gap + 1), signatures];
  } catch (fault) {
    throw new Damaged("checkpoint-malformed", "checkpoint", fault.message);
  }
}

async function openCheckpoint(note, key) {
  const [signed, signatures] = splitNote(note);
  const ours = signatures.filter((each) => each.name === key.name && each.id === key.id);
  const fit = await Promise.all(ours.map((each) => verifyEd25519(key.bytes, each.bytes, encode(signed))));
  if (!fit.length || !fit.every(Boolean)) {
    throw new Damaged("checkpoint-signature", "checkpoint", `no good signature of ${key.name} (key id ${key.id})`);
  }
  const lines = signed.slice(0, -1).split("\n");
  let root;
  try {
    need(lines.length === 3 && lines[0] && /^(0|[1-9][0-9]{0,18})$/.test(lines[1]), "origin, size and root expected");
    root = fromBase64(lines[2], 32);
  } catch (fault) {
    throw new Damaged("checkpoint-malformed", "checkpoint", fault.message);
  }
  if (lines[0] !== key.name) throw new Damaged("checkpoint-origin", "checkpoint", `of the ledger ${lines[0]}`);
  return { origin: lines[0], size: BigInt(lines[1]), root };
}

// Lines of witnesses (C2SP tlog-cosignature): time and signature over it and the checkpoint's text. All keys that are
// given have to have one; lines by others are told and not judged.
async function judgeWitnesses(note, ledger, keys) {
  const [signed, lines] = splitNote(note);
  const said = { judged: new Map(), others: [] };
  for (const line of lines) {
    const key = keys.find((each) => each.name === line.name && each.id === line.id);
    const seconds = line.bytes.length === 72 ? new DataView(line.bytes.buffer, line.bytes.byteOffset).getBigUint64(0) : null;
    const at = seconds !== null && seconds <= LATEST ? new Date(Number(seconds) * 1000) : null;
    if (!key) {
      if (line.name !== ledger.name) said.others.push({ name: line.name, at });
      continue;
    }
    const body = encode(`cosignature/v1\ntime ${seconds}\n${signed}`);
    if (at === null || !(await verifyEd25519(key.bytes, line.bytes.slice(8), body))) {
      throw new Damaged("cosignature", "checkpoint", `the line of the witness ${key.name} does not verify`);
    }
    const earlier = said.judged.get(`${key.name} ${key.id}`);
    if (!earlier || at > earlier.at) said.judged.set(`${key.name} ${key.id}`, { name: key.name, at });
  }
  const missing = keys.filter((key) => !said.judged.has(`${key.name} ${key.id}`));
  if (missing.length) {
    throw new Damaged("witness-missing", "checkpoint", `not by ${missing.map((key) => key.name).join(", ")}`, true);
  }
  return { judged: [...said.judged.values()], others: said.others };
}

// The root that an audit path leads to, by the recursion of RFC 6962 section 2.1.1; null for a path of a wrong length.
async function climb(leaf, index, size, proof) {
  if (size === 1n) return proof.length ? null : leaf;
  if (!proof.length) return null;
  const left = 1n << BigInt((size - 1n).toString(2).length - 1);
  const [lower, sibling] = [proof.slice(0, -1), proof[proof.length - 1]];
  const isLeft = index < left;
  const inner = isLeft ? await climb(leaf, index, left, lower) : await climb(leaf, index - left, size - left, lower);
  if (inner === null) return null;
  return sha256(isLeft ? joined([1], inner, sibling) : joined([1], sibling, inner));
}

async function checkInclusion(each, checkpoint) {
  const reached =
    each.index < checkpoint.size
      ? await climb(await sha256(joined([0], each.data)), each.index, checkpoint.size, each.proof)
      : null;
  if (reached === null || !same(reached, checkpoint.root)) {
    const where = `leaf ${each.index} in a tree of ${checkpoint.size}`;
    throw new Damaged("inclusion-proof", where, "its path does not lead to the signed root");
  }
}

async function opens(document, leaves, part, digest) {
  const made = await hmac(document.salts.get(part), joined(encode("simojo-commitment-v1\0"), digest));
  return [...leaves.values()].some((leaf) => leaf.commitments.has(part) && same(made, leaf.commitments.get(part)));
}

// `files` are {part, name, bytes}; a part that is null is found by what the file opens.
async function openedParts(document, leaves, files) {
  const opened = new Map();
  for (const file of files) {
    const digest = await sha256(file.bytes);
    let fits = null;
    for (const part of file.part === null ? document.salts.keys() : [file.part]) {
      if (!document.salts.has(part)) throw new Damaged("part-missing", part, "the receipt has no salt for it", true);
      if (await opens(document, leaves, part, digest)) fits = part;
    }
    if (fits === null) {
      const where = `${file.name} (${file.bytes.length} B, SHA-256 ${hex(digest)})`;
      throw new Damaged("part-differs", where, file.part === null ? "fits no part" : `is not the part ${file.part}`, true);
    }
    opened.set(fits, file.name);
  }
  return opened;
}

// The key to judge by: while a ledger rolls its key over, its checkpoints have a line of the old and of the new.
async function judging(document, trusted) {
  if (!trusted.length || trusted.includes(document.verifier)) return document.verifier;
  for (const written of trusted) {
    let lines = [];
    try {
      lines = splitNote(document.checkpoint)[1];
    } catch {
      // no note: then no key signed it
    }
    const key = await readKey(written).catch(() => null);
    if (key && lines.some((each) => each.name === key.name && each.id === key.id)) return written;
  }
  const detail = `of the key ${document.verifier.slice(0, 120)}, not of ${trusted.join(" or ").slice(0, 240)}`;
  throw new Damaged("verifier-key", "receipt", detail, true);
}

// `trusted` are the ledger's keys, `witnesses` keys of witnesses, as they are written.
async function judge(bytes, trusted, files, witnesses) {
  const document = readDocument(bytes);
  const certificate = await readCertificate(document.certificate);
  const verifier = await judging(document, trusted);
  const ledger = await readKey(verifier);
  const checkpoint = await openCheckpoint(document.checkpoint, ledger);
  const leaves = new Map();
  for (const each of document.leaves) {
    leaves.set(each.index, readLeaf(each.data, each.index));
    await checkInclusion(each, checkpoint);
  }
  const exchanges = new Set([...leaves.values()].map((leaf) => leaf.exchange));
  if (leaves.size !== document.leaves.length || exchanges.size !== 1) {
    throw new Damaged("receipt-malformed", "receipt", "its leaves are not different leaves of one exchange");
  }
  const committed = new Set([...leaves.values()].flatMap((leaf) => [...leaf.commitments.keys()]));
  for (const part of document.salts.keys()) {
    if (!committed.has(part)) throw new Damaged("part-missing", part, "a salt for a part that no leaf commits to");
  }
  const opened = await openedParts(document, leaves, files);
  const keys = await Promise.all(witnesses.map((each) => readKey(each, 4)));
  const witnessed = await judgeWitnesses(document.checkpoint, ledger, keys);
  return {
    exchange: [...exchanges][0],
    checkpoint,
    certificate,
    verifier,
    named: document.verifier,
    trusted: trusted.length > 0,
    witnessed,
    stamp: document.timestamp && timeOf(document.timestamp),
    hasTimestamp: document.timestamp !== null,
    leaves: [...leaves].sort(([a], [b]) => (a < b ? -1 : 1)),
    opened,
    closed: [...document.salts.keys()].filter((part) => !opened.has(part)).sort(),
    sealed: [...committed].filter((part) => !document.salts.has(part)).sort(),
    engine: { ...ENGINE },
  };
}
