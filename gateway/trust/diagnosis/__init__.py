"""Explaining a signature that was refused. Pure functions; never used to accept anything.

envelope      WS-Security: the walk over a SOAP envelope
jws           detached JWS: the walk over header field and body
finding       what a step found
mistakes      the mistakes that are recognised, with their remedies
parts         an element that is digested, and how it can be written
forms         the octets that clients digest in place of the right ones (XML); `bodies` the same for JSON
signatures    one signature under one key, in the ways in which clients make them
difference    where two octet strings first differ

The accepting path (`gateway.trust.wss`, `gateway.trust.jws`, the dialects, the exchange) imports nothing of this
package: an import contract holds that. An explanation knows the refused message alone and the registered
certificates, keeps nothing, and costs a bounded amount of work (`budget`).
"""

from gateway.trust.diagnosis.envelope import explain_envelope
from gateway.trust.diagnosis.finding import Finding, Step, violations
from gateway.trust.diagnosis.jws import explain_jws
from gateway.trust.diagnosis.mistakes import Mistake

__all__ = ["Finding", "Mistake", "Step", "explain_envelope", "explain_jws", "violations"]
