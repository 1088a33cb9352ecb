// Ed25519 verification (RFC 8032 section 5.1.7) for browsers whose WebCrypto has none. It handles public data alone,
// so it need not hide how long it takes.

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (x, m = P) => ((x % m) + m) % m;

function power(base, exponent) {
  let result = 1n;
  for (let b = mod(base); exponent; exponent >>= 1n, b = mod(b * b)) if (exponent & 1n) result = mod(result * b);
  return result;
}

const D = mod(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_1 = power(2n, (P - 1n) / 4n);

// Points are [X, Y, Z, T] with x = X/Z, y = Y/Z, xy = T/Z.
function add(p, q) {
  const a = mod((p[1] - p[0]) * (q[1] - q[0]));
  const b = mod((p[1] + p[0]) * (q[1] + q[0]));
  const c = mod(2n * p[3] * q[3] * D);
  const d = mod(2n * p[2] * q[2]);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(scalar, point) {
  let result = [0n, 1n, 1n, 0n];
  for (let p = point; scalar; scalar >>= 1n, p = add(p, p)) if (scalar & 1n) result = add(result, p);
  return result;
}

function littleEndian(bytes) {
  let number = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) number = (number << 8n) | BigInt(bytes[i]);
  return number;
}

function pointOf(bytes) {
  const number = littleEndian(bytes);
  const sign = number >> 255n;
  const y = mod(number & ((1n << 255n) - 1n));
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * ROOT_OF_MINUS_1);
  if (mod(x * x) !== square || (x === 0n && sign)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function encodedPoint(point) {
  const inverse = power(point[2], P - 2n);
  let number = mod(point[1] * inverse) | ((mod(point[0] * inverse) & 1n) << 255n);
  return Uint8Array.from({ length: 32 }, () => {
    const byte = Number(number & 255n);
    number >>= 8n;
    return byte;
  });
}

const BASE = pointOf(Uint8Array.from({ length: 32 }, (_, i) => (i ? 0x66 : 0x58)));

function ownEd25519(key, signature, message) {
  const point = pointOf(key);
  const scalar = littleEndian(signature.slice(32));
  if (signature.length !== 64 || point === null || scalar >= L) return false;
  const hash = mod(littleEndian(ownSha512(joined(signature.slice(0, 32), key, message))), L);
  const [x, y, z, t] = times(hash, point);
  return same(encodedPoint(add(times(scalar, BASE), [P - x, y, z, P - t])), signature.slice(0, 32));
}
