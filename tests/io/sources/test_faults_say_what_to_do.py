"""Whatever is wrong with a file in a published layout, the fault names the file and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.errors import Fault, FaultyInput
from behavior.io.sources.agency import FANNIE, FREDDIE_ORIGINATION, FREDDIE_SERVICING
from behavior.io.sources.registry import LAYOUTS, read_whole

AGENCY = {
    "freddie_mac_origination": FREDDIE_ORIGINATION,
    "freddie_mac_servicing": FREDDIE_SERVICING,
    "fannie_mae_2020_loans": (*FANNIE, *map(str, range(58))),
    "fannie_mae_2020_months": (*FANNIE, *map(str, range(58))),
}
TRANS = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account\n"
FILES = {
    "pkdd99_account": ["account_id;district_id;frequency;date\n1;1;M;93x\n", "id;date\n1;2\n"],
    "pkdd99_trans": [TRANS + "1;1;930101;OTHER;V;x;1;;;\n", TRANS + ";;;;;;;;;x\n", "a;b\n1;2\n"],
    "fdic_financials": [
        "CERT,REPDTE,EDEPDOM,DEPIDOM\n1,20230331,x,1\n1,20230401,1,1\n,2023,1,y\n",
        "CERT,REPDTE\n1,20230331\n",
    ],
    "freddie_mac_pmms": ["date,pmms30\n1/6/2005,x\n2005-01-06,5\n", "week,frm\n1,2\n", "date,frm\n1/6/2005,5\n"],
    "fred": ["DATE,A\n2024-01-01,x\n2024-13-01,5\n", "day,A\n2024-01-01,1\n", "DATE\n2024-01-01\n"],
    "ecb": ["KEY,TIME_PERIOD,OBS_VALUE\nA,2020-W05,1\nA,2020-01,x\n", "KEY,VALUE\nA,1\n"],
    "ecb_deposit_rates": ["KEY,TIME_PERIOD,OBS_VALUE\nFM.D.A,2020-01,1\n", "KEY,VALUE\nA,1\n"],
    "snb": ["CubeId;x\n\nDate;D0;Value\n2024-99;A;1\n2024-05;A;x\n2024-05;A\n", "a,b\n1,2\n"],
    "treasury_par_rates": ["Date,1 Mo\n2025-09-15,4\n09/15/2025,x\n", "<feed><entry/></feed>\n", "Date,Rate\n"],
}
FILES["treasury_zero_curves"] = FILES["treasury_par_rates"]
CASES = [(layout, text) for layout, texts in FILES.items() for text in texts]
for name, fields in AGENCY.items():
    CASES += [
        (name, "|".join(fields) + "\n"),
        (name, "|".join("9" for _ in fields) + "\n"),
        (name, "a|b\n"),
        (name, ""),
    ]


def found_in(layout: str, path: Path) -> tuple[Fault, ...]:
    try:
        return read_whole(layout, path).faults
    except FaultyInput as error:
        return tuple(error.faults)


@pytest.mark.parametrize(("layout", "text"), CASES)
def test_a_fault_names_the_file_and_what_to_do(tmp_path: Path, layout: str, text: str) -> None:
    path = tmp_path / "published.txt"
    path.write_text(text, encoding="utf-8")
    faults = found_in(layout, path)
    assert faults
    assert [str(one) for one in faults if one.where != path.name or not one.hint] == []


@pytest.mark.parametrize(
    ("income", "averages"),
    [("ID\tA\n1\t2\n", "IDRSSD\tRCON3485\n1\t2\n"), ("IDRSSD\tRIAD4508\n1\tx\n1\t2\n", "IDRSSD\tRCON3485\n1\tx\n")],
)
def test_a_fault_of_schedules_says_what_to_do(tmp_path: Path, income: str, averages: str) -> None:
    for name, text in (("RI", income), ("RCK", averages)):
        (tmp_path / f"FFIEC CDR Call Schedule {name} 03312023.txt").write_text(text, encoding="utf-8")
    for folder in (tmp_path, tmp_path / "none"):
        faults = found_in("ffiec_schedules", folder)
        assert faults and all(one.hint for one in faults)


def test_every_layout_is_among_them() -> None:
    assert {layout for layout, _ in CASES} | {"ffiec_schedules"} == set(LAYOUTS)
