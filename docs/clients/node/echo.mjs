// Ask the hub for an echo: is everything set up well? Over REST, or over SOAP 1.1 or 1.2.
//
//   node echo.mjs <agency folder> [text] [rest|1.1|1.2]
import { SignedRest } from './signed-rest.mjs'
import { SignedSoap, explain } from './signed-soap.mjs'

const [folder, text = 'Halo, hub!', transport = 'rest'] = process.argv.slice(2)

async function echo () {
  if (transport === 'rest') return await SignedRest.open(folder).ask('meta.echo', 'meta/1.0', { text }, 'meta/echo')
  const hub = await SignedSoap.connect(folder, 'meta.echo', transport)
  return await hub.call({ text })
}

try {
  const answer = await echo()
  console.log(`echo (gema): ${answer.text} - agreement ${answer.agreement}`)
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}
