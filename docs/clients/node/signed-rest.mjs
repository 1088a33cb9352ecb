// Signed REST for Node with `jose`: a detached JWS (RFC 7515 appendix F) over the exact bytes of the body, both ways.
//
//   const hub = SignedRest.open('.demo/agencies/dpupr')
//   const answer = await hub.ask('permit-validity', 'dpupr-2026/1.0', { permitNumber: '001/PBG/XI/2026' })
import { X509Certificate, createHash, createPrivateKey, createPublicKey, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CompactEncrypt, FlattenedSign, compactDecrypt, flattenedVerify, importPKCS8, importX509 } from 'jose'

const HUB = 'dpmptsp' // the office's id in signatures
const LIFE_S = 300
const ALLOWED = ['PS256', 'RS256', 'ES256', 'ES384', 'Ed25519'] // what the hub signs by, as its key is

export class Refused extends Error {}

export class SignedRest {
  /** `folder` holds key.pem (RSA), certificate.pem and config.json. */
  static open (folder) {
    const made = new SignedRest()
    made.config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
    made.key = readFileSync(join(folder, 'key.pem'), 'utf8')
    made.certificate = readFileSync(join(folder, 'certificate.pem'))
    made.hubCertificate = readFileSync(made.config.hub_certificate, 'utf8')
    return made
  }

  /** Send `question` signed; gives the verified answer. The path is the interaction's name unless told otherwise. */
  async ask (interaction, agreement, question, path = interaction) {
    const body = JSON.stringify(question)
    const now = Math.floor(Date.now() / 1000)
    const signed = await new FlattenedSign(Buffer.from(body)).setProtectedHeader({
      alg: 'RS256',
      'x5t#S256': thumbprint(this.certificate), // names our certificate
      iss: this.config.agency,
      aud: HUB,
      iat: now,
      exp: now + LIFE_S,
      jti: randomUUID(), // the message id: a new one for each message
      agr: agreement,
      int: interaction
    }).sign(await importPKCS8(this.key, 'RS256'))
    const response = await fetch(`${this.config.hub}/rest/${this.config.agency}/${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': this.config.confidential ? 'application/jose' : 'application/json',
        'X-JWS-Signature': `${signed.protected}..${signed.signature}`
      },
      body: this.config.confidential ? await this.#encrypt(body) : body // signed first, encrypted then
    }).catch(error => { throw new Error(`the hub does not answer: ${error.cause?.message || error.message}`) })
    const answer = await this.#decrypt(response)
    if (!response.headers.has('X-JWS-Signature') && !response.ok) {
      throw new Refused(explain(answer)) // who proves nothing gets an unsigned refusal
    }
    await this.#verify(response.headers.get('X-JWS-Signature') ?? '', answer, body)
    if (!response.ok) throw new Refused(explain(answer))
    return JSON.parse(answer)
  }

  /** A compact JWE (RFC 7516) to the hub's certificate, where the agreement calls the interaction confidential (rahasia). */
  async #encrypt (body) {
    const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'json', 'x5t#S256': thumbprint(this.hubCertificate) }
    return await new CompactEncrypt(Buffer.from(body)).setProtectedHeader(header).encrypt(createPublicKey(this.hubCertificate))
  }

  async #decrypt (response) {
    const body = Buffer.from(await response.arrayBuffer())
    if (!response.headers.get('Content-Type')?.startsWith('application/jose')) return body
    const allowed = { keyManagementAlgorithms: ['RSA-OAEP-256'], contentEncryptionAlgorithms: ['A256GCM', 'A128GCM'] }
    const { plaintext } = await compactDecrypt(body.toString(), createPrivateKey(this.key), allowed).catch(() => {
      throw new Error('the answer cannot be decrypted with our key')
    })
    return Buffer.from(plaintext)
  }

  /** Check that the hub signed these very bytes (ditandatangani), for us, in answer to our request. Throws if not. */
  async #verify (header, answer, request) {
    const [head = '', , signature = ''] = header.split('.')
    const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString() || '{}')
    const key = await importX509(this.hubCertificate, alg)
    const detached = { protected: head, payload: answer.toString('base64url'), signature }
    const { protectedHeader } = await flattenedVerify(detached, key, { algorithms: ALLOWED }).catch(error => {
      throw new Error(`the answer is not trusted: ${error.message}`)
    })
    const { iss, aud, exp, rel, 'x5t#S256': certificate } = protectedHeader
    if (certificate !== thumbprint(this.hubCertificate)) throw new Error('the answer is signed by another certificate')
    if (iss !== HUB || aud !== this.config.agency) throw new Error(`the answer is from ${iss} for ${aud}`)
    if (exp + 60 < Date.now() / 1000) throw new Error('the answer has expired')
    if (rel !== createHash('sha256').update(request).digest('base64url')) throw new Error('the answer is to another request')
  }
}

/** One line about a refusal (RFC 9457): its code, what is wrong, its clause, and every violation's path. */
function explain (body) {
  const { code, detail, clause, violations = [] } = JSON.parse(body)
  return `the hub refuses (ditolak): ${code}: ${detail}${clause ? ` [${clause}]` : ''}` +
    violations.map(each => `\n  ${each.path}: ${each.text}`).join('')
}

function thumbprint (pem) {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url')
}
