"""What officers read of a delivery that did not go well: a sentence in Indonesian, then the technicians' detail.

    Instansi menolak pesan: periksa jawaban yang tersimpan, benahi, lalu kirim lagi. [the agency answered HTTP 401 ...]

The sentence says what happened and what to do; what stands in brackets is what a program or the other side said, as it
said it. An adapter's own words are Indonesian already and stand alone. The same text is a delivery's cause and what its
case calls a person with; its outcome (`refused`, `used-up`) is the code that programs and English pages go by
(decision 0085).
"""

from __future__ import annotations

from typing import Final

from gateway.domain.errors import AgencyUnavailable, GatewayError, MappingFault, Misconfigured, Refused, Unauthorised
from gateway.exchange.speaking import AgencyBusy, AgencyRefused
from gateway.transport.errors import NotSent

ASK_THE_AGENCY: Final = (
    "Pesan mungkin sudah sampai, dan pengulangan tidak disepakati: tanyakan kepada instansi sebelum mengirim lagi."
)
WORKER_ENDED: Final = "Proses pengirim berhenti sebelum jawaban datang; pesan mungkin sudah sampai."


def of_failure(error: GatewayError) -> str:
    """What a call, or the reading of its answer, that ended in this error is to officers."""
    match error:
        case NotSent():
            sentence = "Pesan belum terkirim: instansi tidak dapat dihubungi."
        case AgencyBusy():
            sentence = "Instansi belum dapat menerima pesan."
        case AgencyRefused():
            sentence = "Instansi menolak pesan: periksa jawaban yang tersimpan, benahi, lalu kirim lagi."
        case MappingFault():
            sentence = "Jawaban tersimpan, tetapi adaptor tidak dapat memetakannya: kirim lagi setelah dibenahi."
        case AgencyUnavailable():
            sentence = "Tidak ada jawaban yang pasti, dan pesan mungkin sudah sampai."
        case Refused():
            sentence = "Jawaban instansi tidak dapat dipakai: tidak sesuai perjanjian."
        case _:
            sentence = "Jawaban instansi tidak dapat dibaca oleh hub."
    return with_detail(sentence, error.text)


def of_hold(error: GatewayError) -> str:
    """Why a delivery waits for staff to act, when nothing has left."""
    match error:
        case Unauthorised():
            sentence = "Belum boleh dikirim: tidak ada perjanjian yang mencakupnya sekarang."
        case MappingFault():
            sentence = "Belum dapat dikirim: adaptor tidak dapat menyusun pesan ini dan harus dibenahi."
        case Misconfigured():
            sentence = "Belum dapat dikirim: pengaturan hub harus dibenahi."
        case _:
            sentence = "Belum dapat dikirim: hub menunggu petugas."
    return with_detail(sentence, error.text)


def of_unreadable(kind: str) -> str:
    """An answer came, and reading it ended in an error that nobody foresaw; `kind` is the error's type."""
    detail = f"an answer came, and the hub could not read it ({kind}): see the log, then redrive"
    return with_detail("Jawaban tersimpan, tetapi hub gagal membacanya: hubungi petugas teknis.", detail)


def of_unprepared(kind: str) -> str:
    """The same of its preparation: nothing has left."""
    detail = f"the hub cannot prepare it ({kind}): see the log"
    return with_detail("Belum dapat dikirim: hub gagal menyiapkannya, hubungi petugas teknis.", detail)


def used_up(cause: str, attempts: int) -> str:
    """As many attempts as agreed ended so."""
    return f"{cause} Sudah dicoba {attempts} kali, sesuai perjanjian."


def waits_long(cause: str) -> str:
    """For more than a hari kerja the agency has looked at nothing of it, its quota being spent for instance."""
    return (
        f"Sudah lebih dari satu hari kerja belum dilayani, dan hub terus mencoba. {cause.rstrip('.')}. Hubungi "
        "instansi (misalnya untuk tambahan kuota) atau periksa dengan cara lain."
    )


def never_acknowledged(times: int) -> str:
    """Collected at a mailbox as often as agreed."""
    return f"Sudah {times} kali diambil, sesuai perjanjian, dan tidak pernah dikonfirmasi: hubungi instansi."


def late_answer(detail: str) -> str:
    """An answer about a case that has moved on: kept, and changing nothing."""
    return with_detail("Terlambat: jawaban disimpan dan tidak mengubah berkas.", detail)


def refused_item(words: str) -> str:
    """The agency came for it, and refused it; `words`: its own, empty for none."""
    return f"Instansi menolak pesan ini: {words or 'tanpa alasan'}"


def with_detail(sentence: str, detail: str) -> str:
    """A sentence, and what a technician needs beside it."""
    return f"{sentence} [{detail}]" if detail else sentence
