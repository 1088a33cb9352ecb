import subprocess
import sys


def test_heavy_libraries_are_imported_only_where_they_are_used() -> None:
    code = (
        "import sys; import gateway.office.papers.permit, gateway.office.papers.skrd, gateway.trust.pdf_signature, "
        "gateway.office.papers.acknowledgement, gateway.office.papers.fees; "
        "print(sorted({'typst', 'pyhanko', 'segno'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
