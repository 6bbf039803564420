"""openpyxl, read-only: every cell of the first sheet is read, nothing is judged or stored."""

import sys

import openpyxl

book = openpyxl.load_workbook(sys.argv[1], read_only=True)
rows = cells = 0
for row in book.worksheets[0].iter_rows(values_only=True):
    rows += 1
    cells += len(row)
sys.stdout.write(f"{rows} {cells}\n")
