"""The page that verifies receipts, in a real browser: the same verdicts as the hub's, with and without WebCrypto.

`make test-browser` installs the browser and runs this; where there is none, it fails.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from conformance.notes import WitnessKey, read_checkpoint
from gateway.domain.errors import LedgerBroken
from gateway.edge.receipt_page.document import receipt_page
from gateway.edge.receipt_page.routes import receipt_page_router
from gateway.ledger.checkpoint import NoteKey
from gateway.ledger.receipt import verify_receipt
from tests.browser.chromium import Chromium, chromium
from tests.ledger.receipts import COSIGNER, KEY, PARTS, PEM, TRUSTED, Sample, corpus, receipt

SAMPLES = list(corpus())
GOOD = receipt()
CHANGED_BYTES = 150
GIVEN = ("other key", "other bytes", "no such part")
"""Samples of a whole receipt with something beside it that differs."""

WITHOUT_WEBCRYPTO = "Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined })"
WITHOUT_ED25519 = "SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'))"
ENGINES = {"webcrypto": "", "no Ed25519": WITHOUT_ED25519, "no WebCrypto": WITHOUT_WEBCRYPTO}


@contextmanager
def served() -> Iterator[str]:
    """The page as the hub serves it, with its headers, on the loopback."""
    app = FastAPI()
    app.include_router(receipt_page_router())
    answer = TestClient(app).get("/ledger/periksa")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    # a browser keeps connections at hand on which it says nothing: one thread would wait for such a one
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ledger/periksa"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Page:
    """The page with a file in it, as a person uses it."""

    def __init__(self, browser: Chromium, folder: Path, engine: str) -> None:
        self.browser, self.folder, self.engine = browser, folder, engine
        file = folder / "periksa.html"
        file.write_bytes(receipt_page().html)
        self.url = file.as_uri()
        hindrance = ENGINES[engine]
        added = browser.ask("Page.addScriptToEvaluateOnNewDocument", source=hindrance) if hindrance else None
        browser.open(self.url)
        if added:
            browser.ask("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])

    def judge(self, sample: Sample) -> tuple[str, str]:
        """Outcome and code of a sample, each part's file in its own field."""
        self.browser.run("document.getElementById('again').click()")
        if sample.key:
            self.type_key(sample.key)
        self.choose("#files", "receipt.json", sample.data)
        for part, data in sample.parts.items():
            field = f'[data-part="{part}"]'
            has_field = self.browser.run(f"document.querySelector({json.dumps(field)}) !== null")
            self.choose(field if has_field else "#files", f"{part}.bin", data)
        return self.said("outcome"), self.said("code")

    def type_key(self, key: str, field: str = "key") -> None:
        self.browser.run("document.getElementById('result').dataset.outcome = 'awaited'")
        self.browser.run(f"document.getElementById('{field}').value = {json.dumps(key)}")
        self.browser.run(f"document.getElementById('{field}').dispatchEvent(new Event('input'))")

    def choose(self, field: str, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)
        self.browser.run("document.getElementById('result').dataset.outcome = 'awaited'")
        self.browser.choose(field, [self.folder / name])
        self.settle()

    def settle(self) -> None:
        """Wait until the page has judged."""
        self.browser.run(
            "new Promise(done => { const look = () => ['awaited', 'busy'].includes("
            "document.getElementById('result').dataset.outcome) ? setTimeout(look, 1) : done(); look(); })"
        )

    def said(self, name: str) -> str:
        value = self.browser.run(f"document.getElementById('result').dataset.{name}")
        assert isinstance(value, str)
        return value

    def text(self) -> str:
        value = self.browser.run("document.getElementById('result').innerText")
        assert isinstance(value, str)
        return value

    def faults(self) -> list[Any]:
        """Exceptions of the page and what the browser refused it."""
        return [each for each in self.browser.noticed if each[0] in ("Runtime.exceptionThrown", "Log.entryAdded")]

    def asked_for(self) -> set[str]:
        """Every address that the page asked for."""
        sent = [
            params["request"]["url"] for name, params in self.browser.noticed if name == "Network.requestWillBeSent"
        ]
        return set(sent)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def page(browser: Chromium, tmp_path: Path) -> Page:
    return Page(browser, tmp_path, "webcrypto")


def by_the_hub(sample: Sample) -> str:
    try:
        verify_receipt(sample.data, sample.key, sample.parts)
    except LedgerBroken as damage:
        return damage.code
    return ""


@pytest.mark.parametrize("engine", ENGINES)
def test_the_page_comes_to_the_verdicts_of_the_hub_and_asks_the_network_for_nothing(
    browser: Chromium, tmp_path: Path, engine: str
) -> None:
    page = Page(browser, tmp_path, engine)
    for sample in SAMPLES:
        expected = by_the_hub(sample)
        if sample.name == "no such part":
            expected = "part-differs"  # a file for which there is no field: it fits none
        outcome, code = page.judge(sample)
        assert (sample.name, code) == (sample.name, expected)
        if not code:
            assert outcome == ("proven" if sample.key else "consistent"), sample.name
            assert page.said("engine") == ("webcrypto" if engine == "webcrypto" else "own")
        else:
            assert outcome == ("differs" if sample.name in GIVEN else "damaged"), sample.name
    assert page.faults() == []
    assert page.asked_for() == {page.url}


@pytest.mark.filterwarnings("ignore:(Parsed|The parsed)")  # a changed certificate may be odd enough to be warned of
def test_the_page_and_the_hub_agree_on_changed_bytes(page: Page) -> None:
    dice = random.Random(6)  # noqa: S311 - which bytes are changed is no secret
    first = GOOD.index(b"BEGIN CERT")
    for _ in range(CHANGED_BYTES):
        place = dice.randrange(len(GOOD))
        if first - 10 < place < first + len(PEM) + 40:
            continue  # what lies inside a certificate is not this page's to judge
        sample = Sample("", GOOD[:place] + bytes([dice.randrange(256)]) + GOOD[place + 1 :], TRUSTED, {})
        expected, (_, code) = by_the_hub(sample), page.judge(sample)
        same = (code, expected) if expected != "leaf-not-canonical" else (code in (expected, "inclusion-proof"), True)
        assert same[0] == same[1], sample.data


def test_the_page_says_where_the_receipt_names_another_key_than_the_one_that_judged_it(page: Page) -> None:
    assert page.judge(Sample("", GOOD, TRUSTED, {})) == ("proven", "")
    assert "PERHATIAN" not in page.text()
    document = json.dumps({**json.loads(GOOD), "verifier": f"{TRUSTED[:-2]}xx"}).encode()
    assert page.judge(Sample("", document, TRUSTED, {})) == ("proven", "")
    assert f"PERHATIAN: berkas ini menyebut kunci {TRUSTED[:-2]}xx" in page.text()


def test_the_page_says_what_is_proven_and_what_is_not_in_both_languages(page: Page) -> None:
    assert page.text() == "Belum ada yang diperiksa. Pilih sebuah tanda bukti."
    assert page.judge(Sample("", GOOD, TRUSTED, {"request": PARTS["request"]})) == ("proven", "")
    said = page.text()
    assert "Terbukti: pertukaran ex-1 tercatat di buku besar simojo.example/ledger." in said
    assert "Entri nomor 40: pesan diterima, 05-01-2026 10:04:05 WIB." in said
    assert "Berkas request.bin sama byte demi byte dengan bagian request yang dicatat." in said
    assert "Yang diperiksa: receipt.json, request.bin." in said
    assert "Isi bagian answer: berkasnya tidak diberikan." in said.partition("Yang tidak terbukti")[2]
    page.browser.run("document.getElementById('language').click()")
    assert "Proven: exchange ex-1 is recorded" in page.text()
    assert page.browser.run("document.documentElement.lang") == "en"
    assert "The file request.bin is byte for byte the part request" in page.text()
    page.browser.run("document.getElementById('language').click()")


@pytest.mark.parametrize("engine", ENGINES)
def test_lines_of_witnesses_are_judged_by_the_keys_that_are_written(
    browser: Chromium, tmp_path: Path, engine: str
) -> None:
    page, stranger = Page(browser, tmp_path, engine), WitnessKey("saksi.lain.example", bytes(range(32)))
    stamp = bytes.fromhex("060b2a864886f70d0109100104") + b"\x18\x0f20260105030415Z"
    witnessed = receipt(witnessed=True, timestamp=stamp)
    assert page.judge(Sample("", witnessed, TRUSTED, {})) == ("proven", "")
    not_proven = page.text().partition("Yang tidak terbukti")[2]
    assert "Ikut ditandatangani oleh saksi.dpupr.example (05-01-2026 10:04:10 WIB): tidak dinilai" in not_proven
    assert "Ikut ditandatangani oleh drc.example/witness (tanpa waktu yang terbaca)" in not_proven
    assert "Cap waktu RFC 3161 (05-01-2026 10:04:15 WIB): tidak dinilai di halaman ini" in not_proven
    assert "semua pihak melihat buku besar yang sama" in not_proven
    page.type_key(COSIGNER.verifier, "witness")
    page.settle()
    assert (page.said("outcome"), page.said("code")) == ("proven", "")
    assert "Saksi saksi.dpupr.example ikut menandatangani pernyataan itu (05-01-2026 10:04:10 WIB" in page.text()
    assert "semua pihak melihat buku besar yang sama" not in page.text()
    for keys, code in ((f"{COSIGNER.verifier}\n{stranger.verifier}", "witness-missing"), (TRUSTED, "verifier-key")):
        page.type_key(keys, "witness")
        page.settle()
        assert (page.said("outcome"), page.said("code")) == ("differs", code)
    document = json.loads(GOOD)
    note = document["checkpoint"]
    document["checkpoint"] = note + COSIGNER.cosign(read_checkpoint(note.replace("\n300\n", "\n301\n")), 1)
    page.judge(Sample("", json.dumps(document).encode(), TRUSTED, {}))
    page.type_key(COSIGNER.verifier, "witness")
    page.settle()
    assert (page.said("outcome"), page.said("code")) == ("damaged", "cosignature")
    assert page.faults() == []


def test_after_a_roll_over_of_the_ledgers_key_any_of_the_keys_that_are_written_will_do(page: Page) -> None:
    following = NoteKey.from_seed(KEY.name, bytes(range(1, 33)))
    both = f"{following.verifier.encode()} {TRUSTED}"
    for each in (receipt(), receipt(key=following)):
        assert page.judge(Sample("", each, both, {})) == ("proven", "")
    assert page.judge(Sample("", receipt(key=following), TRUSTED, {})) == ("differs", "verifier-key")


def test_the_served_page_does_the_same_and_offers_itself_to_be_saved(page: Page) -> None:
    hidden = "document.getElementById('download').hidden"
    assert page.browser.run(hidden) is True  # from a disk there is nothing to save
    with served() as url:
        page.browser.open(url)
        assert page.browser.run(hidden) is False
        assert page.judge(Sample("", GOOD, TRUSTED, PARTS)) == ("proven", "")
        assert page.faults() == []
        assert page.asked_for() == {url}


def test_files_that_are_dropped_together_are_told_apart_by_what_they_are(page: Page) -> None:
    page.type_key(TRUSTED)
    paths = []
    for name, data in (("b.bin", PARTS["answer"]), ("a.json", GOOD), ("c.txt", PARTS["request"])):
        (page.folder / name).write_bytes(data)
        paths.append(page.folder / name)
    page.browser.run("document.getElementById('result').dataset.outcome = 'awaited'")
    page.browser.choose("#files", paths)
    page.browser.run("new Promise(done => setTimeout(done, 200))")
    assert (page.said("outcome"), page.text().count("sama byte demi byte")) == ("proven", 2)


def test_what_a_file_says_is_shown_as_text(page: Page) -> None:
    document = json.loads(GOOD)
    document["verifier"] = "<img src=x onerror=alert(1)>"
    assert page.judge(Sample("", json.dumps(document).encode(), None, {})) == ("damaged", "verifier-key")
    assert page.browser.run("document.querySelectorAll('#result img').length") == 0
    assert page.faults() == []


def test_everything_that_can_be_used_has_a_name_for_who_cannot_see_it(page: Page) -> None:
    page.judge(Sample("", GOOD, None, {}))
    page.browser.ask("Accessibility.enable")
    nodes = page.browser.ask("Accessibility.getFullAXTree")["nodes"]
    used = [each for each in nodes if each.get("role", {}).get("value") in ("button", "textbox", "link")]
    names = [each.get("name", {}).get("value", "") for each in used]
    assert "Kunci buku besar" in " ".join(names)
    assert all(names)
    assert len([each for each in names if "Berkas untuk bagian" in each]) == 2
    assert any(each.get("role", {}).get("value") == "status" for each in nodes)
