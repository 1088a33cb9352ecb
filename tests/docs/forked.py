"""A command without its start: a process that has imported it forks for each call, with the caller's words and files.

    forked.py serve SOCKET           imports the command, says `ready`, then answers until its parent ends it
    forked.py call SOCKET WORD ...   one call of `simojo`, as from a shell; ends as the command does

Starting `simojo` takes a second or two of a processor, and a guide has a dozen commands.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys


def serve(path: str) -> None:
    from gateway.cli import commands, main  # noqa: F401 - imported once, for all calls

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever called waits for the answer, nobody for the process
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            calling, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                os._exit(_answer(calling, main))
            calling.close()


def _answer(calling: socket.socket, main: object) -> int:
    assert callable(main)
    said, files, _, _ = socket.recv_fds(calling, 1 << 20, 3)
    told = json.loads(said)
    for number, file in enumerate(files):
        os.dup2(file, number)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.argv = ["simojo", *told["words"]]
    code: object = 1
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    calling.sendall(bytes([code if isinstance(code, int) else 1]))
    return 0


def call(path: str, words: list[str]) -> int:
    with socket.socket(socket.AF_UNIX) as called:
        called.connect(path)
        told = {"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109 - pathlib takes long to load
        socket.send_fds(called, [json.dumps(told).encode()], [0, 1, 2])
        answer = called.recv(1)
    return answer[0] if answer else 1


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    sys.exit(call(sys.argv[2], sys.argv[3:]))
