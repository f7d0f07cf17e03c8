"""Peak memory of checking published files of growing length, and of files a tenth as long with a fault in every row.

``python -m tests.benchmarks.layout_memory FOLDER`` writes files in Freddie Mac's layout of monthly performance, checks
each in a process of its own and prints the README's table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

MONTHS = 100
CHECK = """
import resource, sys
from pathlib import Path
from behavior.io.found_faults import FoundFaults
from behavior.io.layout_files import LayoutFiles
files = LayoutFiles("freddie_mac_servicing", [Path(sys.argv[1])], FoundFaults())
files.check()
print(files.rows, len(files.faults), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def write(path: Path, rows: int, balance: str = "199000.25") -> Path:
    """A file of loans with a hundred months each."""
    ends = [f"{2010 + month // 12}{month % 12 + 1:02}|{balance}|0|{month}|{360 - month}" for month in range(MONTHS)]
    tail = "|||||3.875" + "|" * 21
    with path.open("w", encoding="utf-8") as file:
        for loan in range(rows // MONTHS):
            file.writelines(f"F10Q1{loan:07}|{end}{tail}\n" for end in ends)
    return path


def peak(path: Path) -> tuple[int, int, int]:
    """Rows kept, faults, and the largest resident set of the process, MB."""
    done = subprocess.run([sys.executable, "-c", CHECK, str(path)], capture_output=True, text=True, check=True)
    rows, faults, size = done.stdout.split()
    return int(rows), int(faults), int(size)


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000, 20_000_000])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for balance, share in (("199000.25", 1), ("many", 10)):
        for rows in given.rows:
            path = write(given.folder / "performance.txt", rows // share, balance)
            size = path.stat().st_size >> 20
            kept, faults, most = peak(path)
            path.unlink()
            print(f"{size:,} MB: {kept:,} rows kept, {faults:,} faults, peak {most} MB", flush=True)


if __name__ == "__main__":
    main()
