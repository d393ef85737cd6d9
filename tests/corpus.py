"""The sheets that the project is measured by, which stand beside it."""

from pathlib import Path

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
HOSTILE = CORPUS / "hostile"
SHEET = CORPUS / "szerencsemix_57_2025-07-18.pdf"
TRUTH = SHEET.with_suffix(".truth.json")
EXPECTED = HOSTILE / "expected.json"
