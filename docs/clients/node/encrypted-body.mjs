// Encryption of a SOAP Body with the package `xml-encryption`, for interactions that the agreement calls confidential
// (rahasia): signed first, encrypted then. AES-256-GCM, RSA-OAEP with SHA-256.
import { createPublicKey } from 'node:crypto'
import { promisify } from 'node:util'
import xmlEncryption from 'xml-encryption'
import { DOMParser, XMLSerializer } from '@xmldom/xmldom'
import xpath from 'xpath'

const XENC = 'http://www.w3.org/2001/04/xmlenc#'
const select = xpath.useNamespaces({ xenc: XENC, ds: 'http://www.w3.org/2000/09/xmldsig#' })
const BODY = '/*/*[local-name()="Body"]'
const text = node => new XMLSerializer().serializeToString(node)

/** Encrypt what the Body of a signed envelope holds, to the hub's certificate (PEM). */
export async function encryptBody (signed, hubCertificate) {
  const document = new DOMParser().parseFromString(signed, 'text/xml')
  const encrypted = await promisify(xmlEncryption.encrypt)(text(select(`${BODY}/*`, document)[0]), {
    pem: hubCertificate,
    rsa_pub: createPublicKey(hubCertificate).export({ type: 'spki', format: 'pem' }),
    encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
    keyEncryptionAlgorithm: `${XENC}rsa-oaep-mgf1p`,
    keyEncryptionDigest: 'sha256' // the default is SHA-1, which the hub refuses
  })
  return replaced(document, `${BODY}/*`, encrypted)
}

/** Give the envelope in clear (an envelope that is in clear already: as it is). Nothing in it is verified yet. */
export async function decryptBody (envelope, key) {
  const document = new DOMParser().parseFromString(envelope, 'text/xml')
  const [data] = select(`${BODY}/xenc:EncryptedData`, document)
  if (!data) return envelope
  // The key stands in the Security header; xml-encryption looks for it inside EncryptedData.
  const [wrapped] = select('/*/*[local-name()="Header"]/*/xenc:EncryptedKey', document)
  if (!wrapped) throw new Error('the answer is encrypted and holds no key')
  const info = select('ds:KeyInfo', data)[0]
  while (info.firstChild) info.removeChild(info.firstChild)
  info.appendChild(wrapped)
  const clear = await promisify(xmlEncryption.decrypt)(text(data), { key, disallowDecryptionWithInsecureAlgorithm: true })
    .catch(() => { throw new Error('the answer cannot be decrypted with our key') })
  return replaced(document, `${BODY}/xenc:EncryptedData`, clear)
}

function replaced (document, path, xml) {
  const [old] = select(path, document)
  const made = new DOMParser().parseFromString(xml, 'text/xml').documentElement
  old.parentNode.replaceChild(document.importNode(made, true), old)
  return text(document)
}
