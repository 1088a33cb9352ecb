"""Is everything in place to exchange with one agency? A walk that stops at nothing, a line for each step.

1. agency        known here, and not suspended
2. agreement     one is in force; how long still
3. adapter       adapter and agreement say the same
4. schemas       each agreed document can be read
5. endpoint      each address that we call: DNS, TCP, TLS, HTTP, clock (`gateway.transport.probe`)
6. certificate   those registered for the agency: usable now, for which uses, how long still, overlap
7. own           our own signing certificate
8. credentials   the secrets that the agency's profiles need are set
9. lately        last exchanges each way, refusals by code, deliveries that wait or were given up

It reads and looks, and changes nothing.

    walk     the steps one after another, and 1 to 5
    keys     6 to 8
    lately   9
    line     what a step says
"""

from gateway.operations.agency_check.line import Line
from gateway.operations.agency_check.walk import AgencyCheck

__all__ = ["AgencyCheck", "Line"]
