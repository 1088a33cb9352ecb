"""A short fuzzing in every run of the tests, and every input that once broke a property. The long one: `make fuzz`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.domain.errors import GatewayError, Malformed
from gateway.trust.envelope import open_envelope
from gateway.trust.wss import verify_envelope
from gateway.validation.agreement_file import read_agreement
from tests.exchange.stage import Stage
from tests.fuzz import door as http
from tests.fuzz.by_hypothesis import run
from tests.fuzz.soap import _certificates
from tests.fuzz.target import CORPUS, Target, TooSlow, judge, kept
from tests.fuzz.targets import TARGETS
from tests.trust.parties import AT
from tests.trust.wrapping.genuine import genuine

INPUTS = 600
_ALL = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


@_ALL
def test_no_input_breaks_the_property_of_a_target(target: Target) -> None:
    for each in target.seeds():
        judge(target, each)
    tally = run(target, INPUTS, number=1)
    assert tally.inputs >= INPUTS
    assert len(tally.said) >= 2  # accepted as well as refused: the inputs come past the first gate
    assert set(tally.said) & {"genuine", "read", "file"}


@_ALL
def test_no_input_that_once_broke_a_property_does_so_again(target: Target) -> None:
    for place in kept(target):
        for each in target.inputs(place.read_bytes()):
            judge(target, each)


def test_the_corpus_belongs_to_targets() -> None:
    assert {each.name for each in CORPUS.iterdir() if each.is_dir()} <= {each.name for each in TARGETS}


@_ALL
def test_a_recipe_is_an_input_or_a_seed_and_steps(target: Target) -> None:
    seeds = target.seeds()
    assert list(target.inputs(b"\x00whole")) == [b"whole"]
    assert list(target.inputs(b"\x01\x00\x03")) == [seeds[3 % len(seeds)]]
    step = (target.steps - 1, 7, 9)  # the last change puts one token in the place of another
    numbers = b"".join(each.to_bytes(2) for each in (0, *step))
    assert list(target.inputs(b"\x03" + numbers)) == [each for each in [target.made(0, [step])] if each != seeds[0]]
    assert list(target.inputs(b"")) == [b""]


def test_a_slow_input_and_a_foreign_exception_are_findings() -> None:
    def slow(data: bytes) -> str:
        end = time.thread_time() + (1.05 if data == b"slow" else 0.0)
        while time.thread_time() < end:
            pass
        if data == b"wrong":
            raise KeyError(data)
        raise Malformed("no")

    target = Target(
        name="x",
        what="",
        seeds=lambda: (b"",),
        change=lambda data, _: data,
        steps=1,
        structured=1,
        read=slow,
        refuses=GatewayError,
        share=1,
    )
    assert judge(target, b"")[0] == "malformed"
    with pytest.raises(TooSlow):
        judge(target, b"slow")
    with pytest.raises(KeyError):
        judge(target, b"wrong")


def test_no_request_makes_the_door_fail_or_changes_anything(stage: Stage) -> None:
    told = http.fuzz(stage, 250, number=1)
    assert sum(told.values()) == 250
    assert {400, 404, 405} <= set(told)


# --- time grows with the size, not with its square -------------------------------------------------------------------

_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"


def _filled(content: str) -> bytes:
    return f'<s:Envelope xmlns:s="{_SOAP}" xmlns:u="{_WSU}"><s:Body><d>{content}</d></s:Body></s:Envelope>'.encode()


def _prefixes(count: int) -> str:
    return " ".join(f"xmlns:a{i}='u:{i}'" for i in range(count))


HOSTILE: dict[str, Callable[[int], str]] = {
    "identifiers": lambda n: "".join(f'<a Id="x{i}" u:Id="y{i}" xml:id="z{i}"/>' for i in range(n // 40)),
    "elements": lambda n: "<a/>" * (n // 4),
    "attributes": lambda n: "<a " + " ".join(f"a{i}=''" for i in range(n // 10)) + "/>",
    "prefixes": lambda n: f"<a {_prefixes(n // 24)}/>",
    "prefixes-over-elements": lambda n: f"<a {_prefixes(n // 48)}>{'<b/>' * (n // 8)}</a>",
    "prefixes-of-their-own": lambda n: "".join(f"<a{i}:b xmlns:a{i}='u:{i}'/>" for i in range(n // 30)),
    "comments": lambda n: "a<!-- -->" * (n // 9),
    "references": lambda n: "&#65;" * (n // 5),
    "href": lambda n: "<a b=''/>" * (n // 9) + "<a href='x'/>",
    "text": lambda n: "x" * n,
}
MEGABYTES = 2


@pytest.mark.parametrize("name", HOSTILE)
def test_two_hostile_megabytes_are_read_in_three_seconds(name: str) -> None:
    data = _filled(HOSTILE[name](MEGABYTES * 1_000_000))
    assert len(data) > 700_000
    assert _seconds(data) < 3  # the square of the time would be minutes, or six seconds at the least


def test_canonical_forms_of_as_many_prefixes_and_elements_as_are_read_take_no_longer() -> None:
    """Whoever knows a registered certificate has his Body digested before his signature is looked at."""
    declared = " ".join(f"xmlns:p{i}='urn:{i}'" for i in range(50))
    inside = f"<x {declared}>{'<y/>' * 19_900}</x>".encode()
    data = genuine().data
    body = data.index(b"<soap:Body")
    start = data.index(b">", body) + 1
    only = data[:start] + inside + data[data.index(b"</soap:Body>") :]
    assert _seconds(only) < 3


def _seconds(data: bytes) -> float:
    """Processor time: other processes have the machine too."""
    began = time.process_time()
    with pytest.raises(GatewayError) as caught:
        verify_envelope(open_envelope(data, max_bytes=20_000_000), _certificates(), AT)
    took = time.process_time() - began
    assert caught.value.code in (
        "xml-too-many-nodes",
        "xml-too-wide",
        "envelope-invalid",
        "signature-missing",
        "signature-digest",
    )
    return took


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5000,
        "a = " + "[" * 5000 + "]" * 5000,
        "a = " + "{a = " * 5000,
        "a = " + "9" * 5000,
        ".".join(["a"] * 20_000) + " = 1",
        "[" + " . ".join(['"a"'] * 5_000) + "]",
        "x" * 70_000,
    ],
    ids=["open-arrays", "arrays", "tables", "digits", "dotted-key", "dotted-table", "too-long"],
)
def test_an_agreement_file_that_would_cost_the_parser_dearly_is_refused(text: str) -> None:
    began = time.process_time()
    with pytest.raises(GatewayError) as caught:
        read_agreement(text)
    assert caught.value.code == "agreement-malformed"
    assert time.process_time() - began < 2


def test_the_packaged_agreements_are_far_from_the_bounds() -> None:
    for place in sorted((Path(__file__).parents[2] / "agreements").glob("*.toml")):
        assert len(place.read_text(encoding="utf-8")) < 10_000
