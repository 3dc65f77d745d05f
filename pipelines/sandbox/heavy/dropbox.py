"""An SFTP drop box: OpenSSH's server for our own user, with keys and host key of its own."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

from pipelines.sandbox import processes
from pipelines.sandbox.heavy.openldap import answers
from pipelines.sandbox.heavy.packages import debian

_NAME = "sshd"
_CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
ForceCommand internal-sftp -d {folder}/drop
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True, slots=True)
class DropBox:
    """A box that is served: files stand in `drop`, `login` is the private key to come in."""

    folder: Path
    port: int

    @property
    def drop(self) -> Path:
        """Where the files are."""
        return self.folder / "drop"

    @property
    def login(self) -> Path:
        """The private key that is let in."""
        return self.folder / "login"

    @property
    def host_key(self) -> str:
        """The server's public key: type and key."""
        return " ".join((self.folder / "host.pub").read_text(encoding="utf-8").split()[:2])

    def address(self, path: str) -> str:
        """The URL of a file in the box."""
        return f"sftp://{getuser()}@127.0.0.1:{self.port}/~/{path}"


def start(folder: Path) -> DropBox:
    """Serve the box of this folder, made when it is not there.

    Raises UnavailableError, NotStartedError.
    """
    debian("openssh-server", commands=["sshd", "ssh-keygen"])
    (folder / "drop").mkdir(parents=True, exist_ok=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    for name in ("host", "login"):
        if not (folder / name).exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True)  # noqa: S603 (our own command line)
    shutil.copy(folder / "login.pub", folder / "authorized")
    port = processes.free_port()
    text = _CONFIGURATION.format(folder=folder, port=port)
    (folder / "sshd_config").write_text(text, encoding="utf-8")
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin") or "/usr/sbin/sshd"
    command = [sshd, "-D", "-e", "-f", str(folder / "sshd_config")]
    processes.start(processes.Server(_NAME, command, folder), lambda: answers(port))
    return DropBox(folder, port)


def stop(folder: Path) -> None:
    """End the server of this folder if it runs."""
    processes.stop(folder, _NAME)
