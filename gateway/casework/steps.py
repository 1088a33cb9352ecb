"""Facts applied to cases on one occasion, gathered into one plan.

What a fact gives rise to follows at once: an Ask becomes a delivery where an active agreement serves it, numbered from
the case row, though its agency is suspended: then it waits as those made before do (decision 0074); what no agreement
serves becomes a fact that calls a person (Pasal 21(1): the desk), or nothing where the Ask is optional. What the plan
then holds of each case is listed in `gateway.casework.case_rows`.

Reads are a snapshot: if a guard does not hold at commit, the caller begins again with a new `CaseSteps`.

Deliveries that wait for an agency are bounded: a step that would add one beyond is refused whole (HubBusy), so that
whoever asks comes again, and nothing grows without end behind an agency that does not answer. (The bound is read
before the commit: those who read at the same moment may go over it by what each adds.)
"""

from __future__ import annotations

from gateway.casework.case_rows import CaseRows, OpenCase
from gateway.casework.desk import Casework, Standing
from gateway.casework.names import message_id
from gateway.casework.occasion import Occasion
from gateway.casework.routes import Route
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.errors import CaseRefusal, HubBusy
from gateway.domain.events import (
    ApplicationRegistered,
    Ask,
    AttentionRaised,
    CaseEvent,
    CheckSigner,
    Reference,
    SendPin,
    SignDocument,
)
from gateway.domain.facts import encode_ask
from gateway.domain.lifecycle import asks
from gateway.primitives.json_writer import JsonWriter
from gateway.store.plan import Plan

_writer = JsonWriter()


class CaseSteps:
    """What one occasion does to cases. One thread, one use.

    `bounded` False: what is to be said to agencies is taken on however much waits for them.
    """

    def __init__(self, casework: Casework, occasion: Occasion, *, bounded: bool = True) -> None:
        self._casework = casework
        self._occasion = occasion
        self._bounded = bounded
        self._rows = CaseRows(casework, occasion)
        self._open: dict[str, OpenCase] = {}

    def case(self, case_id: str) -> PermitCase:
        """The case as these steps leave it so far. Raises CaseRefusal `case-unknown`."""
        return self._work(case_id).case

    def open(self, event: ApplicationRegistered, key: Reference | None) -> PermitCase | None:
        """Open a case; None when `key` has opened one before: the same key never opens a second."""
        digest = self._casework.references.digest(key) if key else None
        if digest and (self._casework.reader.opening(digest) or any(w.opening == digest for w in self._open.values())):
            return None
        at = self._occasion.occurred_at
        kind = self._casework.catalogue.find(event.service, local_date(at))
        case = PermitCase.open(self._casework.new_case_id(at), event, at, kind)
        work = OpenCase(read=None, case=case, order_read=0, order=0, known=frozenset(), opening=digest)
        self._open[case.id] = work
        self._follow(work, None, event)
        return work.case

    def apply(self, case_id: str, event: CaseEvent) -> PermitCase:
        """Let `event` happen. Raises CaseRefusal, and then the case stands as before."""
        work = self._work(case_id)
        before = work.case
        work.case = before.apply(event, self._occasion.occurred_at)
        self._follow(work, before, event)
        return work.case

    def take_up(self, found: Standing) -> None:
        """Go on from a case as somebody has read it a moment ago, in place of reading it again."""
        case, order = found.case, found.next_order
        self._open[case.id] = OpenCase(
            read=case, case=case, order_read=order, order=order, known=frozenset(case.references)
        )

    def ask(self, case_id: str, ask: Ask) -> str | None:
        """Put an Ask that no fact gives rise to (a PIN) into the plan.

        Gives the delivery's id, or None when no active agreement serves it now: it lives for minutes, and does not wait
        for an agency that is suspended.
        """
        return self._deliver(self._work(case_id), ask, at_once=True)

    @property
    def case_ids(self) -> tuple[str, ...]:
        """The cases that these steps touch, in the order in which they did."""
        return tuple(self._open)

    def plan(self) -> Plan:
        """All of it as one plan."""
        return Plan.merge(self._rows.plan(work) for work in self._open.values())

    # --- following a fact -----------------------------------------------------------------------------------------

    def _work(self, case_id: str) -> OpenCase:
        if case_id not in self._open:
            found = self._casework.standing(case_id)
            if found is None:
                raise CaseRefusal(f"no case {case_id[:64]!r} is known: check the id", code="case-unknown")
            self.take_up(found)
        return self._open[case_id]

    def _follow(self, work: OpenCase, before: PermitCase | None, event: CaseEvent) -> None:
        work.facts.append(event)
        after = work.case
        for ask in asks(before, event, after, self._occasion.occurred_at):
            if self._deliver(work, ask) is None and not ask.optional:
                wanted = f"{type(ask).__name__} ({ask.agency or 'instansi mana pun'})"
                text = f"Tidak ada perjanjian yang berlaku untuk {wanted}: kerjakan tanpa sistem."
                self.apply(after.id, AttentionRaised(source="routes", text=text))

    def _deliver(self, work: OpenCase, ask: Ask, *, at_once: bool = False) -> str | None:
        day = local_date(self._occasion.entered_at)
        route = self._casework.routes.serving(ask, work.case.service, day, at_once=at_once)
        if route is None:
            return None
        if self._bounded:
            self._check_room(route.agency)
        delivery = self._casework.new_id()
        work.deliveries.append(self._delivery(delivery, work, ask, route))
        work.order += 1
        return delivery

    def _check_room(self, agency: str) -> None:
        """Raise HubBusy `agency-queue-full` when as many deliveries wait for the agency as may."""
        most = self._casework.max_waiting
        if self._casework.reader.waiting_for(agency, most) >= most:
            raise HubBusy(
                f"{most} deliveries wait to be sent to {agency}, and no more are taken: send again later. Staff: see"
                f" `simojo delivery list --agency {agency}`, and why it is not called at /admin/v1/endpoints",
                code="agency-queue-full",
                after_s=60,
            )

    def _delivery(self, delivery: str, work: OpenCase, ask: Ask, route: Route) -> dict[str, object]:
        kind, body = encode_ask(ask)
        now = self._occasion.entered_at
        return {
            "id": delivery,
            "queue": _queue(work.case, ask, route),
            "position": work.order,
            "agency": route.agency,
            "interaction": route.interaction,
            "agreement": route.agreement,
            "agreement_version": route.agreement_version,
            "case_id": work.case.id,
            "case_version": work.case.version,
            "ask_kind": kind,
            "ask_body": _writer.write(body),
            "state": "queued",
            "message_id": message_id(delivery),
            "made_at": now,
            "due_at": now,
            "attempts": 0,
            "fence": 0,
        }


def _queue(case: PermitCase, ask: Ask, route: Route) -> str:
    """Deliveries about one case to one agency keep their order; what lives for minutes waits for nobody.

    What is optional waits for its like alone.
    """
    match ask:
        case SendPin(challenge=challenge):
            return f"pin/{challenge}"
        case CheckSigner(challenge=challenge):
            return f"signer/{challenge}"
        case SignDocument(challenge=challenge):
            return f"signature/{challenge}"
    return f"{case.id}/{route.agency}" + (f"/{route.interaction}" if ask.optional else "")
