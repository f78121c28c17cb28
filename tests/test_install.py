"""
swarmpeer as an installed package: C{twistd} finds it, the editable way and the
plain one, from any folder.
"""

import os
import shutil
import sys
import sysconfig
from pathlib import Path

from tests.processes import ROOT, PeerProcess, ProcessTestCase

# Also what other tests write at the same time, as files that go away again.
_IGNORED = shutil.ignore_patterns(
    *(".git", ".venv", "build", "dist", "demo", "_trial_temp*", "*.egg-info"),
    *(".*cache", ".hypothesis", "__pycache__", "dropin.cache*"),
)


class InstallTests(ProcessTestCase):
    """
    Each test installs into a fresh virtual environment that borrows the other
    packages of this one, so that nothing is fetched.
    """

    def setUp(self) -> None:
        """
        A copy of the source and an environment without swarmpeer.
        """
        self.folder = self.make_folder()
        self.source = self.folder / "source"
        shutil.copytree(ROOT, self.source, ignore=_IGNORED)
        environment = self.folder / "environment"
        self.run_well([sys.executable, "-m", "venv", "--without-pip", str(environment)])
        self.python = environment / "bin" / "python"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = environment / "lib" / version / "site-packages"
        # A path file is not read again below the folders that it names, so an
        # editable swarmpeer of the present environment is not seen from here.
        (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self.environment = {
            key: value for key, value in os.environ.items() if key != "PYTHONPATH"
        }
        self.assertNotIn("swarmpeer", self.plugins())

    def run_well(self, command: list[str]) -> PeerProcess:
        """
        Run a command that must succeed, in a folder of no meaning.
        """
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        environment = getattr(self, "environment", dict(os.environ))
        process = self.run_command(command, elsewhere, 120, environment)
        self.assertEqual(process.wait_for_exit(), 0)
        return process

    def twistd(self, *arguments: str) -> str:
        """
        What C{twistd} of the new environment prints.
        """
        start = "import sys; from twisted.scripts.twistd import run; run()"
        return self.run_well([str(self.python), "-P", "-c", start, *arguments]).stdout

    def plugins(self) -> str:
        """
        What C{twistd} says that it can run.
        """
        return self.twistd("--help").partition("Commands:")[2]

    def install(self, *options: str) -> None:
        """
        Let pip put the source into the new environment.
        """
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "install"]
        offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
        self.run_well([*command, *offline, *options])

    def expect_installed(self) -> None:
        """
        Both commands are there, with their help.
        """
        self.assertIn("swarmpeer", self.plugins())
        self.assertIn("--log-dir", self.twistd("swarmpeer", "--help"))
        script = self.python.with_name("swarmpeer")
        self.assertIn("lab", self.run_well([str(script), "--help"]).stdout)
        self.assertTrue((self.where().parent / "web" / "page" / "main.js").exists())

    def where(self) -> Path:
        """
        Where the new environment finds the package.
        """
        code = "import swarmpeer; print(swarmpeer.__file__)"
        return Path(self.run_well([str(self.python), "-P", "-c", code]).stdout.strip())

    def test_plain(self) -> None:
        """
        After C{pip install .} the source is not needed any more.
        """
        self.install(str(self.source))
        shutil.rmtree(self.source)
        self.expect_installed()
        self.assertIn("site-packages", self.where().parts)

    def test_editable(self) -> None:
        """
        After C{pip install -e .} the source itself is what runs.
        """
        self.install("-e", str(self.source))
        self.expect_installed()
        self.assertEqual(self.where(), self.source / "swarmpeer" / "__init__.py")
