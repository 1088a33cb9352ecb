"""`make test-go`: our notes, checkpoints and proofs, judged by the code of Go's checksum database (x/mod/sumdb).

A ledger of 300 leaves under six checkpoints, co-signed by a witness, with inclusion and consistency proofs, goes into
`main.go`; changed notes have to be refused there. It answers with a note that it signed itself, which is read here.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

from gateway.ledger.checkpoint import Checkpoint, NoteKey, cosign, open_note, sign
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.tree import TileId, consistency_proof, extend, inclusion_proof

HERE = Path(__file__).parent
ORIGIN = "simojo.example/ledger"
KEY = NoteKey.from_seed(ORIGIN, bytes(range(32)))
WITNESS = NoteKey.from_seed("drc.example/witness", bytes(range(2, 34)))
SIZES = (1, 7, 64, 255, 257, 300)


def ledger() -> dict[str, object]:
    """What the Go program reads; bytes are base64."""
    leaves = [f'{{"leaf":{each}}}'.encode() for each in range(SIZES[-1])]
    tiles: dict[TileId, bytes] = {}
    notes, before = [], 0
    for size in SIZES:
        grown = extend(before, tiles.__getitem__, [leaf_hash(each) for each in leaves[before:size]])
        tiles |= grown.tiles
        notes.append(cosign(sign(Checkpoint(ORIGIN, size, grown.root), KEY), WITNESS))
        before = size
    changed = notes[-1].replace("\n300\n", "\n299\n")
    own = Checkpoint(ORIGIN, 12, bytes(range(32)))
    private = base64.b64encode(b"\x01" + KEY.seed).decode()
    return {
        "Origin": ORIGIN,
        "Verifier": KEY.verifier.encode(),
        "Witness": WITNESS.verifier.encode(),
        "Skey": f"PRIVATE+KEY+{ORIGIN}+{KEY.verifier.key_id.hex()}+{private}",
        "Text": own.body(),
        "Notes": notes,
        "Wrong": [changed, notes[-1].replace("simojo", "other"), notes[-1].replace("\n\n", "\n")],
        "Leaves": [base64.b64encode(each).decode() for each in leaves],
        "Inclusions": [
            {"Index": index, "Note": note, "Proof": _encoded(inclusion_proof(index, size, tiles.__getitem__))}
            for note, size in enumerate(SIZES)
            for index in range(size)
        ],
        "Consistencies": [
            {"Old": old, "New": new, "Proof": _encoded(consistency_proof(SIZES[old], SIZES[new], tiles.__getitem__))}
            for new in range(len(SIZES))
            for old in range(new)
        ],
    }


def _encoded(proof: tuple[bytes, ...]) -> list[str]:
    return [base64.b64encode(each).decode() for each in proof]


def main() -> int:
    """Let Go judge, and read what Go signed. Arguments: the `go` command, and where Debian's Go packages are."""
    go, packages = sys.argv[1:]
    environment = os.environ | {"GO111MODULE": "off", "GOPATH": packages, "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        [go, "run", str(HERE / "main.go")],
        env=environment,
        input=json.dumps(ledger()),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"Go does not agree: {done.stderr}")
        return 1
    if open_note(done.stdout, [KEY.verifier]) != Checkpoint(ORIGIN, 12, bytes(range(32))):
        print("a note that Go signed says something else here")
        return 1
    if done.stdout != sign(Checkpoint(ORIGIN, 12, bytes(range(32))), KEY):
        print("a note that Go signed is written otherwise than ours")
        return 1
    print(f"Go reads our {len(SIZES)} checkpoints with both signatures, and all {sum(SIZES)} inclusion proofs and")
    print(f"{len(SIZES) * (len(SIZES) - 1) // 2} consistency proofs; we read Go's note, and write it byte for byte")
    return 0


if __name__ == "__main__":
    sys.exit(main())
