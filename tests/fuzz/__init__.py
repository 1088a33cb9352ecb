"""Property fuzzing of what reads messages and agreements (docs/security-attacks.md, `make fuzz`).

target         what a target is, and the property that every input has to keep
soap, rest, agreements
               the targets
steps          changes of genuine inputs, small enough to be shrunk: bytes here, structure by each target
by_hypothesis, by_atheris, door
               the drivers: random, guided by coverage, and whole HTTP requests
corpus/        inputs that once broke a property; `make test` replays them
"""
