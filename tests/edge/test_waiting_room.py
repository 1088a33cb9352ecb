"""Where requests wait without a thread: rung for, bounded for each and in all, closed, and left by clients that go."""

from __future__ import annotations

import asyncio

import pytest

from gateway.domain.errors import HubBusy
from gateway.edge import waiting_room
from gateway.edge.waiting_room import WaitingRoom, never

LONG_S = 60.0


async def come(room: WaitingRoom, whom: str, seconds: float = LONG_S) -> asyncio.Task[bool]:
    """Somebody who has sat down, or was told at once that there is no room."""
    task = asyncio.create_task(room.until_there(whom, seconds, never))
    await asyncio.sleep(0)
    return task


def test_who_is_rung_for_goes_on_and_the_others_wait() -> None:
    async def main() -> None:
        room = WaitingRoom()
        ours, theirs = await come(room, "satpolpp"), await come(room, "dpupr")
        assert room.waited_for == {"satpolpp", "dpupr"}
        room.ring({"satpolpp", "dinkes"})
        assert await ours is False
        assert not theirs.done()
        room.close()
        assert await theirs is True
        assert room.waited_for == frozenset()
        assert await room.until_there("satpolpp", LONG_S, never) is True  # nobody sits down any more

    asyncio.run(main())


@pytest.mark.parametrize(("each", "in_all"), [(1, 9), (9, 1)])
def test_beyond_the_bounds_nobody_waits(each: int, in_all: int) -> None:
    async def main() -> None:
        room = WaitingRoom(each=each, in_all=in_all)
        first = await come(room, "satpolpp")
        second = await come(room, "satpolpp")
        assert second.done()
        with pytest.raises(HubBusy, match="come again later") as full:
            second.result()
        assert (full.value.code, full.value.after_s) == ("mailbox-waits", waiting_room.FULL_AFTER_S)
        room.ring({"satpolpp"})
        assert await first is False
        third = await come(room, "satpolpp")
        assert not third.done()  # the place is free again
        room.close()
        await third

    asyncio.run(main())


def test_time_ends_and_so_does_a_client_that_went_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_room, "LOOK_S", 0.001)

    async def gone() -> bool:
        return True

    async def main() -> None:
        room = WaitingRoom()
        assert await room.until_there("satpolpp", 0.001, never) is True
        with pytest.raises(HubBusy) as left:
            await room.until_there("satpolpp", LONG_S, gone)
        assert left.value.code == "client-gone"
        assert room.waited_for == frozenset()

    asyncio.run(main())
