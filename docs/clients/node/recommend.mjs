// Give a technical recommendation (rekomendasi teknis) over signed SOAP, as DPUPR.
//
//   node recommend.mjs <agency folder> <MessageID of the request> <case> [number] [1.1|1.2]
import { SignedSoap, explain } from './signed-soap.mjs'

const [folder, relatesTo, caseId, number = '600/0001/2026', version = '1.2'] = process.argv.slice(2)

try {
  const hub = await SignedSoap.connect(folder, 'technical-recommendation', version)
  const answer = await hub.call({
    case: caseId,
    number,
    date: new Date(Date.now() + 7 * 3600_000).toISOString().slice(0, 10), // today in Mojokerto (WIB)
    favourable: true,
    official: 'Ir. Contoh',
    condition: ['Garis sempadan bangunan 3 m']
  }, { relatesTo })
  console.log(`acknowledged (diterima): ${answer.messageId} at ${answer.receivedAt}, exchange ${answer.exchange}`)
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}
