// SHA-256 and SHA-512 (FIPS 180-4) for browsers without WebCrypto, as on a page that came over plain HTTP.

// The constants are what the standard derives them from: fractions of the roots of the first primes.
const PRIMES = [];
for (let n = 2n; PRIMES.length < 80; n += 1n) if (PRIMES.every((p) => n % p)) PRIMES.push(n);

function root(value, power) {
  let low = 0n;
  let high = 1n << 70n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** power <= value) low = middle;
    else high = middle;
  }
  return low;
}

const BITS_64 = (1n << 64n) - 1n;
const SQUARE = PRIMES.slice(0, 8).map((p) => root(p << 128n, 2n) & BITS_64);
const CUBE = PRIMES.map((p) => root(p << 192n, 3n) & BITS_64);
const SQUARE_32 = SQUARE.map((each) => Number(each >> 32n));
const CUBE_32 = Int32Array.from(CUBE.slice(0, 64), (each) => Number(each >> 32n) | 0);

function padded(data, block, lengthBytes) {
  const size = Math.ceil((data.length + 1 + lengthBytes) / block) * block;
  const out = new Uint8Array(size);
  out.set(data);
  out[data.length] = 0x80;
  new DataView(out.buffer).setBigUint64(size - 8, BigInt(data.length) * 8n);
  return out;
}

function ownSha256(data) {
  const bytes = padded(data, 64, 8);
  const view = new DataView(bytes.buffer);
  const state = Int32Array.from(SQUARE_32);
  const w = new Int32Array(64);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let at = 0; at < bytes.length; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15];
      const b = w[i - 2];
      w[i] = w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + CUBE_32[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((each, i) => (state[i] += each));
  }
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((each, i) => out.setInt32(4 * i, each));
  return new Uint8Array(out.buffer);
}

function ownSha512(data) {
  const bytes = padded(data, 128, 16);
  const view = new DataView(bytes.buffer);
  const state = [...SQUARE];
  const turn = (x, n) => ((x >> n) | (x << (64n - n))) & BITS_64;
  for (let at = 0; at < bytes.length; at += 128) {
    const w = [];
    for (let i = 0; i < 16; i++) w.push(view.getBigUint64(at + 8 * i));
    for (let i = 16; i < 80; i++) {
      const low = turn(w[i - 15], 1n) ^ turn(w[i - 15], 8n) ^ (w[i - 15] >> 7n);
      const high = turn(w[i - 2], 19n) ^ turn(w[i - 2], 61n) ^ (w[i - 2] >> 6n);
      w.push((w[i - 16] + low + w[i - 7] + high) & BITS_64);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 80; i++) {
      const choice = (e & f) ^ (~e & BITS_64 & g);
      const one = h + (turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n)) + choice + CUBE[i] + w[i];
      const two = (turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) & BITS_64, c, b, a, (one + two) & BITS_64];
    }
    [a, b, c, d, e, f, g, h].forEach((each, i) => (state[i] = (state[i] + each) & BITS_64));
  }
  const out = new DataView(new ArrayBuffer(64));
  state.forEach((each, i) => out.setBigUint64(8 * i, each));
  return new Uint8Array(out.buffer);
}
