"""JupyterHub for a class. `make hub` prepares a folder and starts this.

As it stands it listens on 127.0.0.1 alone. For a class in earnest, see
../hub.md.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ["HUB_FOLDER"])
PORT = int(os.environ["HUB_PORT"])
# "own": every student is a Unix user of their own; "one": all are yours.
OWN = os.environ["HUB_ACCOUNTS"] == "own"
FIRST_UID = 60_706  # above people; systemd has use for those from 61184 on
SECONDS_UNUSED = 3600

HOMES = FOLDER / "homes"
STATE = FOLDER / "state"
PROGRAMS = Path(sys.prefix) / "bin"


def uid_of(home: Path) -> int:
    """Return whose a home is: its owner, or the next number that is free."""
    if home.exists():
        owner = home.stat().st_uid
        if owner < FIRST_UID:
            raise PermissionError(
                f"{home} belongs to user {owner}, not to a student: it was "
                "made when all had one account. Move it away."
            )
        return owner
    taken = [each.stat().st_uid for each in HOMES.iterdir()]
    return max([FIRST_UID, *(uid + 1 for uid in taken)])


class StudentSpawner(SimpleLocalProcessSpawner):
    """A server in a home of mode 700, as a Unix user of its own if OWN."""

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """Make the home; return what the new process does first."""
        home = HOMES / name
        uid = uid_of(home) if OWN else os.getuid()
        home.mkdir(mode=0o700, exist_ok=True)
        if OWN:
            os.chown(home, uid, uid)

        def become() -> None:
            os.umask(0o077)
            if OWN:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            os.chdir(home)

        return become


c = get_config()  # noqa: F821

c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{PORT + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 2}"
c.ConfigurableHTTPProxy.command = [str(PROGRAMS / "configurable-http-proxy")]
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{STATE / 'hub.sqlite'}"

# One password for all, printed at the start. Who knows it can log in under
# any name: good for trying, too little for a class.
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["HUB_PASSWORD"]
c.Authenticator.allow_all = True
# A name is also a folder.
c.Authenticator.username_pattern = r"[a-z][a-z0-9-]{0,30}"

c.JupyterHub.spawner_class = StudentSpawner
c.StudentSpawner.cmd = [str(PROGRAMS / "jupyterhub-singleuser")]
c.StudentSpawner.home_dir_template = str(HOMES / "{username}")
c.StudentSpawner.default_url = "/lab"
# A full machine is slow, not broken.
c.StudentSpawner.start_timeout = 300
c.StudentSpawner.http_timeout = 240
# Memory is what runs out: a kernel that nobody looks at goes.
c.StudentSpawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={SECONDS_UNUSED}",
    "--MappingKernelManager.cull_interval=300",
    *([] if OWN or os.getuid() else ["--allow-root"]),
]
c.StudentSpawner.environment = {
    # The kernel `python3`: the book's environment, one thread, the cache.
    "JUPYTER_PATH": str(FOLDER / "share"),
    # JupyterLab does not ask about news.
    "JUPYTER_CONFIG_PATH": str(HERE / "settings"),
    # Whose repository is trusted, and what happens after a pull.
    "GIT_CONFIG_SYSTEM": str(FOLDER / "gitconfig"),
}
