"""Which records of the office's file a result has named: a bit for each, however many there are."""

from __future__ import annotations


class Told:
    """Begins with none of `records`. `strangers` counts lines of the result that name no record, or one named before.

    A million records take 125 kB.
    """

    def __init__(self, records: int) -> None:
        self._records = records
        self._bits = bytearray(records // 8 + 1)
        self.strangers = 0

    def note(self, number: object) -> bool:
        """Note the number that a line gives; False for one of no record, or that was noted before."""
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= self._records:
            self.strangers += 1
            return False
        place, bit = divmod(number, 8)
        if self._bits[place] >> bit & 1:
            self.strangers += 1
            return False
        self._bits[place] |= 1 << bit
        return True

    def lacking(self, behind: int, most: int) -> list[int]:
        """The first records behind that number which no line has named, `most` at most."""
        found: list[int] = []
        for number in range(behind + 1, self._records + 1):
            place, bit = divmod(number, 8)
            if not self._bits[place] >> bit & 1:
                found.append(number)
                if len(found) == most:
                    break
        return found
