"""What a search leaves behind: nothing of whoever asked for it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, weakref
from behavior.estimators.search import search
from behavior.specs import Range, SearchSpec

class Rows:
    pass

def asked():
    rows = Rows()
    spec = SearchSpec(trials=2, seed=1, metric="log_loss", space={"rate": Range(low=0.1, high=1.0)})
    search(lambda parameters: float(parameters["rate"]), spec, {"rate": 0.5})
    return weakref.ref(rows)

left = asked()
gc.collect()
print(left() is None)
"""


def test_rows_are_let_go_after_a_search() -> None:
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True"]
