"""Dates as the command line takes them, and the time that it stamps records with."""

from __future__ import annotations

import argparse
import datetime as dt


def iso_date(text: str) -> dt.date:
    """A day written as 2026-09-30.

    Raises
    ------
    ArgumentTypeError : it is written otherwise, or there is no such day.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a date such as 2026-09-30") from error


def now() -> dt.datetime:
    """The time of day in UTC, in whole seconds."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
