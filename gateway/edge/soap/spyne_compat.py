"""The one place that imports spyne: makes spyne 2.14 load on Python 3.11 to 3.13 and keeps it silent.

1. spyne carries an old copy of six whose import hook lacks what Python 3.12 asks of it: every import of
   `spyne.util.six.moves` fails there. The installed six answers under those names instead. spyne also calls
   `six.get_function_name`, which only its own copy has.
2. spyne imports the module cgi: deprecated in 3.11 and 3.12, and since 3.13 provided by legacy-cgi. The warning is
   about spyne's code and no user of the gateway can act on it.
3. spyne logs whole documents at DEBUG, and refused ones at ERROR. They hold personal data (UU 27/2022), so nothing
   that spyne says is kept, whatever levels an operator sets for other loggers.

Import spyne's names from here and nowhere else: the order of imports then cannot go wrong.
"""

from __future__ import annotations

import logging
import sys
import warnings

import six  # type: ignore[import-untyped]  # its stubs are not among our dependencies
from six.moves import collections_abc, http_cookies, urllib  # type: ignore[import-untyped]  # the same

__all__ = ["AnyXml", "Application", "Service", "Soap11", "Soap12", "applications", "rpc"]

# 3. silence, first of what the import itself would say
logging.getLogger("spyne").setLevel(logging.CRITICAL + 1)

# 1. six
six.get_function_name = lambda function: function.__name__
sys.modules.update(
    {
        "spyne.util.six": six,
        "spyne.util.six.moves": six.moves,
        "spyne.util.six.moves.collections_abc": collections_abc,
        "spyne.util.six.moves.http_cookies": http_cookies,
        "spyne.util.six.moves.urllib": urllib,
        "spyne.util.six.moves.urllib.parse": urllib.parse,
    }
)

# 2. cgi
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", SyntaxWarning)
    from spyne import AnyXml, Application, Service, rpc
    from spyne.protocol.soap import Soap11, Soap12
    from spyne.util.appreg import applications

# 3. and for good: a filter that lets nothing pass. `disabled` would not do: uvicorn's set-up of logging undoes it.
for _name in [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "spyne"]:
    logging.getLogger(_name).addFilter(lambda _record: False)
