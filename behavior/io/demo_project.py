"""The demo's project on disk: the profile and the model folders that come with the package, beside a simulated bank."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from behavior.errors import BehaviorError
from behavior.io.bank_writer import write_bank
from behavior.io.files import write_atomically
from behavior.io.profiles import load_profile
from behavior.simulator.bank import SimulatedBank

PROFILE = "profile.toml"
BANK = "bank"


def shipped_project() -> tuple[Path, Path]:
    """The demo's profile and the folder of models: in the wheel under ``behavior/project``, in a checkout beside it.

    Raises
    ------
    BehaviorError : when neither is there.
    """
    package = Path(str(resources.files("behavior")))
    places = (
        (package / "project" / "demo.toml", package / "project" / "models"),
        (package.parent / "pipelines" / "profiles" / "demo.toml", package.parent / "models"),
    )
    for profile, models in places:
        if profile.is_file() and models.is_dir():
            return profile, models
    raise BehaviorError("the installed package lacks the demo's profile and model folders. Install it again.")


def write_demo(bank: SimulatedBank, folder: Path) -> Path:
    """Write the bank, the model folders and the profile; what a user then runs is an ordinary cycle.

    Returns
    -------
    The profile's path in `folder`.
    """
    profile, models = shipped_project()
    write_bank(bank, folder / BANK)
    text = profile.read_text(encoding="utf-8")
    write_atomically(folder / PROFILE, text)
    for name in load_profile(folder / PROFILE).models:
        shutil.copytree(models / name, folder / "models" / name, dirs_exist_ok=True)
    return folder / PROFILE
