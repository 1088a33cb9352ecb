"""The papers of the office, as pure functions: the same input gives the same bytes.

    layout           what all papers share: letterhead, printable text, the typst run
    signatory        whose name stands under a paper
    parties          applicants and sites as papers print them
    permit           the permit document (Pasal 1 number 12, 11(3)g)
    acknowledgement  the tanda terima (12(4))
    skrd             the assessment on which a payment rests (14(6))
    fees             the tariff, and payment codes (14, 15)

typst is imported where it is used, so that start-up stays fast. Nothing here reads a clock, the store or the network.
Signatures on papers are made and checked by `gateway.trust.pdf_signature`.
"""
