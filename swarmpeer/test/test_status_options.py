"""
Tests of L{swarmpeer.status_commands.options}.
"""

import argparse
import io
import os
from contextlib import redirect_stderr
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.command_line import main
from swarmpeer.status_commands.options import add_whom, read_whom
from swarmpeer.test.http_pages import TOKEN
from swarmpeer.test.told_members import SWARM


class CommandLineTests(SynchronousTestCase):
    """
    What the commands are given.
    """

    def complaint(self, *arguments: str) -> str:
        """
        The one line with which a command ends with status 2.
        """
        err = io.StringIO()
        with redirect_stderr(err):
            try:
                status = main(arguments)
            except SystemExit as end:
                status = int(end.code or 0)
        self.assertEqual(status, 2, arguments)
        (line,) = err.getvalue().splitlines()
        return line

    def test_token_beside(self) -> None:
        """
        With --at it is the token of the swarm.toml of the same folder, if nothing else
        is said.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        before = Path.cwd()
        self.addCleanup(os.chdir, before)
        os.chdir(folder)
        parser = argparse.ArgumentParser()
        add_whom(parser)
        arguments = parser.parse_args(["--at", "beta:1"])
        self.assertIsNone(read_whom(arguments).token)
        swarm = SWARM.replace("[web]", '[web]\ntoken_file = "token"')
        Path("swarm.toml").write_text(swarm)
        Path("token").write_text(TOKEN)
        Path("other").write_text(TOKEN + "x")
        self.assertEqual(read_whom(arguments).token, TOKEN)
        arguments = parser.parse_args(["--at", "beta:1", "--token-file", "other"])
        self.assertEqual(read_whom(arguments).token, TOKEN + "x")

    def test_refused(self) -> None:
        """
        What cannot be asked is told in one line.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        swarm = folder / "swarm.toml"
        swarm.write_text(SWARM)
        peers = folder / "PeerInfo.cfg"
        peers.write_text("1001 alpha 6008 1\n")
        file, listed = str(swarm), str(peers)
        for command in ("status", "wait"):
            for words, arguments in (
                ("there is no swarm.toml here", []),
                ("cannot be read", [str(folder / "none.toml")]),
                ("no place", ["--at", "beta"]),
                ("only one of them", [file, "--at", "beta:1"]),
                ("only one of them", [file, "--peers", listed, "--web-port", "1"]),
                ("belong together", ["--peers", listed]),
                ("belong together", [file, "--web-port", "1"]),
                ("from 1 to 65535", ["--peers", listed, "--web-port", "0"]),
                ("there is no peer 7", [file, "--id", "7"]),
                (
                    "there is no peer 7",
                    ["--peers", listed, "--web-port", "1", "--id", "7"],
                ),
                ("no ids", [file, "--id", "1001,x"]),
                ("--id is for members", ["--at", "beta:1", "--id", "1001"]),
                ("the token cannot be read", [file, "--token-file", str(folder / "t")]),
            ):
                self.assertIn(words, self.complaint(command, *arguments))
        for arguments in (["--timeout", "-1"], ["--timeout", "nan"], ["--for", "x"]):
            self.complaint("wait", file, *arguments)
        self.assertIn("no peer 7", self.complaint("wait", file, "--for", "7"))
        for seconds in ("0", "x", "nan", "1e9"):
            self.complaint("status", file, "--watch", seconds)
