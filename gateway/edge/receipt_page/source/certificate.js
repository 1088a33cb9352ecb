// The hub's certificate, as far as this page reads it: fingerprint, common name, validity. It is carried by the
// receipt and not vouched for, so nothing here judges it.

function derValue(bytes, at, end) {
  need(at + 2 <= end && (bytes[at] & 31) !== 31, "cut off");
  let length = bytes[at + 1];
  let start = at + 2;
  if (length > 127) {
    const count = length & 127;
    need(count > 0 && count < 4 && start + count <= end, "a length that is none");
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[start++];
  }
  need(start + length <= end, "cut off");
  return { tag: bytes[at], start, end: start + length };
}

function derItems(bytes, outer) {
  const items = [];
  for (let at = outer.start; at < outer.end; at = items[items.length - 1].end) items.push(derValue(bytes, at, outer.end));
  return items;
}

function derTime(bytes, item) {
  const written = String.fromCharCode(...bytes.slice(item.start, item.end));
  const year = item.tag === 0x17 ? `${written < "5" ? "20" : "19"}${written.slice(0, 2)}` : written.slice(0, 4);
  const [month, day, hour, minute, second] = written.slice(item.tag === 0x17 ? 2 : 4).match(/[0-9]{2}/g);
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  need(!Number.isNaN(at.getTime()), "a time that is none");
  return at;
}

function commonName(bytes, subject) {
  for (const set of derItems(bytes, subject)) {
    const [type, value] = derItems(bytes, derItems(bytes, set)[0]);
    if (hex(bytes.slice(type.start, type.end)) === "550403") {
      return new TextDecoder().decode(bytes.slice(value.start, value.end));
    }
  }
  return "";
}

async function readCertificate(pem) {
  try {
    const found = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(wellFormed(pem));
    need(found, "no PEM");
    const bytes = fromBase64(found[1].replace(/\s/g, ""));
    const whole = derValue(bytes, 0, bytes.length);
    need(whole.tag === 0x30 && whole.end === bytes.length, "no certificate");
    const fields = derItems(bytes, derItems(bytes, whole)[0]).filter((each) => each.tag !== 0xa0);
    const [notBefore, notAfter] = derItems(bytes, fields[3]).map((each) => derTime(bytes, each));
    return { sha256: hex(await sha256(bytes)), name: commonName(bytes, fields[4]), notBefore, notAfter };
  } catch (fault) {
    throw new Damaged("receipt-malformed", "receipt", `its certificate is not PEM of an X.509 certificate (${fault.message})`);
  }
}
