"""
What is asked of a program of others.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Setting:
    """
    What one peer has to work with.

    @ivar control_port: where it may take orders.
    @ivar data: the folder that the file is in, or will be.
    @ivar place: a folder for whatever else it needs.
    @ivar hook: a command for it to run once its file is whole.
    """

    address: str
    port: int
    control_port: int
    torrent: Path
    data: Path
    place: Path
    hook: Path
    is_seed: bool


class Program(Protocol):
    """
    One such program, with the best settings found.
    """

    def argv(self) -> list[str]:
        """
        Its command.
        """

    def is_up(self) -> bool:
        """
        Does it take orders by now?
        """

    def add(self) -> None:
        """
        Order it to take up the torrent.
        """

    def is_seeding(self) -> bool:
        """
        Has it found its file to be whole?
        """
