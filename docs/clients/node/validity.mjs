// Ask whether a permit is valid (keabsahan izin) over signed REST, as DPUPR.
//
//   node validity.mjs <agency folder> <permit number> [agreement]
import { SignedRest } from './signed-rest.mjs'

const [folder, permitNumber, agreement = 'dpupr-2026/1.0'] = process.argv.slice(2)

try {
  const answer = await SignedRest.open(folder).ask('permit-validity', agreement, { permitNumber })
  console.log(`${answer.permitNumber}: ${answer.status}, valid (sah): ${answer.valid}, since ${answer.inForceSince}`)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
