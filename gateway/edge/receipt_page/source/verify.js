// The judgement of a receipt, in the order of docs/receipts.md. What does the hashing and the signature is told too.

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

function isName(name) {
  return name !== "" && !/[\u0000-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/.test(name);
}

async function readKey(written) {
  try {
    const [name, id] = written.split("+", 2);
    const key = fromBase64(written.split("+").slice(2).join("+"), 33);
    need(isName(wellFormed(name)) && key[0] === 1, "a name without spaces and the algorithm 1 (Ed25519) expected");
    const derived = (await sha256(joined(encode(`${name}\n`), key))).slice(0, 4);
    need(hex(derived) === id, `its id is ${hex(derived)}`);
    return { name, id, bytes: key.slice(1) };
  } catch (fault) {
    throw new Damaged("verifier-key", `verifier key ${written.slice(0, 120)}`, fault.message);
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

async function judge(bytes, trusted, files) {
  const document = readDocument(bytes);
  const certificate = await readCertificate(document.certificate);
  if (trusted && trusted !== document.verifier) {
    const detail = `of the key ${document.verifier.slice(0, 120)}, not of ${trusted.slice(0, 120)}`;
    throw new Damaged("verifier-key", "receipt", detail, true);
  }
  const checkpoint = await openCheckpoint(document.checkpoint, await readKey(document.verifier));
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
  return {
    exchange: [...exchanges][0],
    checkpoint,
    certificate,
    verifier: document.verifier,
    trusted: Boolean(trusted),
    leaves: [...leaves].sort(([a], [b]) => (a < b ? -1 : 1)),
    opened,
    closed: [...document.salts.keys()].filter((part) => !opened.has(part)).sort(),
    sealed: [...committed].filter((part) => !document.salts.has(part)).sort(),
    engine: { ...ENGINE },
  };
}
