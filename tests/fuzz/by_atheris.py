"""The driver guided by coverage: libFuzzer over the gateway's own code, in a process of its own.

    python -m tests.fuzz.by_atheris TARGET INPUTS SECONDS SEED FOLDER

libFuzzer's bytes are recipes (`Target.inputs`): an input as it is, or a seed and steps.
libFuzzer ends the process itself, so the figures stand in FOLDER/figures.json; a finding is kept and ends it with 1.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

MAX_BYTES = 20_000


def main(arguments: list[str]) -> None:
    """Fuzz one target."""
    import atheris  # installed by `make fuzz` where there is a wheel for it

    with atheris.instrument_imports(include=["gateway"]):
        from tests.fuzz.target import judge, keep
        from tests.fuzz.targets import TARGETS

    name, inputs, seconds, number, folder = arguments
    target = next(each for each in TARGETS if each.name == name)
    figures = {"inputs": 0, "worst": 0.0, "worst_bytes": 0}
    place = Path(folder) / "figures.json"

    def one(data: bytes) -> None:
        for made in target.inputs(data):
            try:
                _, took = judge(target, made)
            except BaseException as finding:
                print(f"{name}: {type(finding).__name__}, kept as {keep(target, data)}", flush=True)
                raise
            figures["inputs"] += 1
            if took > figures["worst"]:
                figures["worst"], figures["worst_bytes"] = took, len(made)
            if figures["inputs"] % 100 == 0:
                place.write_text(json.dumps(figures), encoding="utf-8")

    corpus = Path(folder) / "corpus"
    corpus.mkdir()
    for row, seed in enumerate(target.seeds()):
        (corpus / f"seed-{row}").write_bytes(b"\x00" + seed)
    # a run makes an input at the least, and two or three where it is steps
    options = [f"-runs={int(inputs) // 2}", f"-max_total_time={seconds}", f"-seed={number}", f"-max_len={MAX_BYTES}"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
