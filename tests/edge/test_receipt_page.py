"""The page that verifies receipts, as it is served; what it does in a browser is tests/browser (make test-browser)."""

from __future__ import annotations

import base64
import re
from hashlib import sha256

from conformance.receipts.damage import CODES
from gateway.edge.receipt_page.document import receipt_page
from tests.edge.visitors import Visitor

HTML = receipt_page().html.decode()


def hash_of(element: str) -> str:
    (content,) = re.findall(rf"<{element}>(.*?)</{element}>", HTML, re.DOTALL)
    return f"'sha256-{base64.b64encode(sha256(content.encode()).digest()).decode()}'"


def test_the_page_is_one_file_whose_policy_lets_in_its_own_script_and_style_alone() -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', HTML)
    assert policy == (
        f"default-src 'none'; script-src {hash_of('script')}; style-src {hash_of('style')}; base-uri 'none'; "
        "form-action 'none'"
    )
    assert re.findall(r"(?:src|href)=[\"']?[^\"'> ]+|url\(|@import|https?:|style=|\son\w+=\"", HTML) == [
        'href="?simpan=1'
    ]
    assert re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|fetch\(|XMLHttp|import\(", HTML) == []


def test_the_page_is_served_under_that_policy_and_can_be_saved(visitor: Visitor) -> None:
    answer = visitor.client.get("/ledger/periksa")
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, HTML, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == f"{receipt_page().policy}; frame-ancestors 'none'"
    saved = visitor.client.get("/ledger/periksa?simpan=1")
    assert (saved.content, saved.headers["content-disposition"]) == (
        receipt_page().html,
        'attachment; filename="periksa-tanda-bukti.html"',
    )


def test_every_damage_and_every_word_is_said_in_both_languages() -> None:
    for code in set(CODES) - {"certificate-differs", "timestamp"}:
        assert HTML.count(f'"{code}":') == 2, code
    words = HTML.partition("const WORDS")[2].partition("const KINDS")[0]
    indonesian, english = words.split("  en: {")
    names = [re.findall(r'^    "?([\w-]+)"?:', half, re.MULTILINE) for half in (indonesian, english)]
    assert names[0] == names[1]
    used = set(re.findall(r'data-say="([\w-]+)"|say\("([\w-]+)"', HTML))
    assert {one or two for one, two in used} <= set(names[0])
