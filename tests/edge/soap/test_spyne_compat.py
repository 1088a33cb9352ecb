"""spyne loads without a warning on every supported Python, and says nothing."""

from __future__ import annotations

import logging
import subprocess
import sys

from gateway.edge.soap.spyne_compat import Soap12

IMPORT = "import gateway.edge.soap.spyne_compat; import spyne.util.six.moves.urllib.parse"


def test_spyne_imports_in_a_fresh_interpreter_that_takes_warnings_for_errors() -> None:
    ran = subprocess.run([sys.executable, "-W", "error", "-c", IMPORT], capture_output=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, b"")


def test_spyne_says_nothing_even_when_everything_is_to_be_logged(caplog) -> None:  # type: ignore[no-untyped-def]  # pytest's own type says nothing more here
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(Soap12.__module__).critical("whole document")
        logging.getLogger("spyne").critical("whole document")
        logging.getLogger("another").critical("heard")

    assert [record.message for record in caplog.records] == ["heard"]
