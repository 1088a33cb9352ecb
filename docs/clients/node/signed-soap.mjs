// Signed SOAP for Node: the `soap` package writes and signs the message, `xml-crypto` verifies the hub's answer.
//
//   const hub = await SignedSoap.connect('.demo/agencies/dpupr', 'technical-recommendation')
//   const answer = await hub.call({ case: 'K-2026-...', ... }, { relatesTo: 'urn:uuid:...' })
//
// What must be signed (ditandatangani): the Body, the Timestamp, and every WS-Addressing header.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import soap from 'soap'
import { SignedXml } from 'xml-crypto'
import { DOMParser } from '@xmldom/xmldom'
import xpath from 'xpath'
import { decryptBody, encryptBody } from './encrypted-body.mjs'

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'
const DS = 'http://www.w3.org/2000/09/xmldsig#'
const WSA = 'http://www.w3.org/2005/08/addressing'
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const SKEW_MS = 60_000 // by how much two honest clocks may differ

export class SignedSoap {
  /** `folder` holds key.pem, certificate.pem and config.json; `version` is '1.1' or '1.2'. */
  static async connect (folder, interaction, version = '1.2') {
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
    const made = new SignedSoap()
    made.key = readFileSync(join(folder, 'key.pem'))
    made.certificate = readFileSync(join(folder, 'certificate.pem'))
    made.hubCertificate = readFileSync(config.hub_certificate, 'utf8')
    made.confidential = config.confidential === true // as the agreement says of the interaction
    made.client = await soap.createClientAsync(`${config.hub}/soap/${config.agency}/${interaction}?wsdl`, {
      forceSoap12Headers: version === '1.2',
      httpClient: new VerifyingHttpClient(made)
    })
    return made
  }

  /** Send one signed message; gives what the verified answer (jawaban) says. A refusal is thrown. */
  async call (document, { relatesTo } = {}) {
    this.messageId = `urn:uuid:${randomUUID()}`
    const addressing = {
      MessageID: this.messageId,
      To: portOf(this.client).location, // as the WSDL has it: an encrypted message has to name the hub's own address
      Action: portOf(this.client).binding.methods.Exchange.soapAction,
      ...(relatesTo && { RelatesTo: relatesTo })
    }
    this.client.clearSoapHeaders()
    for (const [name, value] of Object.entries(addressing)) {
      this.client.addSoapHeader(`<wsa:${name} xmlns:wsa="${WSA}">${escapeXml(value)}</wsa:${name}>`)
    }
    this.client.setSecurity(new soap.WSSecurityCert(this.key, this.certificate, '', {
      hasTimeStamp: true,
      signatureAlgorithm: RSA_SHA256,
      digestAlgorithm: SHA256,
      // The default also names `enveloped-signature`, which the hub refuses: one transform, exclusive C14N.
      signatureTransformations: [EXCLUSIVE],
      additionalReferences: Object.keys(addressing).map(name => `wsa:${name}`),
      signerOptions: { prefix: 'ds', idMode: 'wssecurity' } // ids as wsu:Id
    }))
    const [answer] = await this.client.ExchangeAsync(document)
    return answer
  }

  /** Check the hub's signature; gives an envelope with nothing in it but the Body that the signature covers. */
  verify (envelope) {
    const root = new DOMParser().parseFromString(envelope, 'text/xml').documentElement
    const only = (path, from = root) => {
      const found = xpath.useNamespaces({ wsse: WSSE, wsu: WSU, ds: DS })(path, from)
      if (found.length !== 1) throw new Error(`the answer is not trusted: ${found.length} instead of one ${path}`)
      return found[0]
    }
    const signed = new SignedXml({ publicCert: this.hubCertificate })
    signed.loadSignature(only('/*/*[local-name()="Header"]/wsse:Security/ds:Signature'))
    if (signed.signatureAlgorithm !== RSA_SHA256) throw new Error(`the answer is signed by ${signed.signatureAlgorithm}`)
    if (!signed.checkSignature(envelope)) throw new Error('the answer is not what the hub signed (digest differs)')
    // The signature is right; now: does it cover the Body and the Timestamp of this very envelope?
    const covered = new Map(signed.getReferences().map(each => [each.uri, each.signedReference]))
    const part = path => {
      const octets = covered.get(`#${only(`${path}/@wsu:Id`).value}`)
      if (!octets) throw new Error(`the signature of the answer does not cover ${path}`)
      return octets
    }
    const body = part('/*/*[local-name()="Body"]')
    const expires = textOf(part('/*/*[local-name()="Header"]/wsse:Security/wsu:Timestamp'), 'Expires')
    if (Date.parse(expires) + SKEW_MS < Date.now()) throw new Error(`the answer has expired at ${expires}`)
    const about = textOf(part(`/*/*[local-name()="Header"]/*[local-name()="RelatesTo" and namespace-uri()="${WSA}"]`))
    if (about !== this.messageId) throw new Error(`the answer is about ${about}, not about ${this.messageId}`)
    return `<s:Envelope xmlns:s="${root.namespaceURI}">${body}</s:Envelope>`
  }
}

/** Encrypts where that is agreed, and lets the `soap` package see verified answers alone. */
class VerifyingHttpClient extends soap.HttpClient {
  constructor (hub) {
    super()
    this.hub = hub
  }

  request (url, data, callback, headers, options) {
    if (!data) return super.request(url, data, callback, headers, options) // the WSDL is not signed
    const heard = async (error, response, body) => {
      if (error) return callback(error, response, body)
      let verified
      try {
        const clear = await decryptBody(body, this.hub.key)
        verified = isUnsignedFault(clear) ? clear : this.hub.verify(clear)
      } catch (refused) {
        return callback(refused)
      }
      callback(null, response, verified)
    }
    this.#sealed(data).then(sent => { super.request(url, sent, heard, headers, options) }, callback)
  }

  async #sealed (signed) {
    return this.hub.confidential ? await encryptBody(signed, this.hub.hubCertificate) : signed
  }
}

/** One line about a failed call: what the hub's Fault says (code, clause, violations), or what went wrong here. */
export function explain (error) {
  const body = error.response?.data ?? error.body
  const fault = typeof body === 'string' && /:Fault>/.test(body) && new DOMParser().parseFromString(body, 'text/xml')
  if (!fault) return error.message || `the hub does not answer: ${error.code}`
  const all = name => xpath.select(`//*[local-name()="${name}" and namespace-uri()="urn:simojo:fault:1.0"]`, fault)
  const reason = xpath.select1('string(//*[local-name()="Text" or local-name()="faultstring"])', fault)
  const violations = all('violation').map(each => `\n  ${each.getAttribute('path')}: ${each.textContent}`)
  return `the hub refuses (ditolak): ${all('code')[0]?.textContent}: ${reason}` +
    `${all('clause').map(each => ` [${each.textContent}]`)}${violations.join('')}`
}

// Who proves nothing gets an unsigned refusal. It is a refusal and nothing else, so nothing is believed by reading it.
function isUnsignedFault (body) {
  const root = new DOMParser().parseFromString(body, 'text/xml').documentElement
  return xpath.select(`//*[local-name()="Signature" and namespace-uri()="${DS}"]`, root).length === 0 &&
    xpath.select('/*/*[local-name()="Body"]/*[local-name()="Fault"]', root).length === 1
}

function portOf (client) {
  const [service] = Object.values(client.wsdl.definitions.services)
  const [port] = Object.values(service.ports)
  return port
}

function textOf (xml, name) {
  const root = new DOMParser().parseFromString(xml, 'text/xml').documentElement
  return (name ? root.getElementsByTagNameNS(WSU, name)[0] : root).textContent
}

function escapeXml (text) {
  return text.replace(/[<>&]/g, each => `&#${each.charCodeAt(0)};`)
}
