"""MariaDB's own commands: a data folder of the lab's, one account, nothing but loopback.

The socket is a name relative to the data folder: its full path would soon be longer than the
107 bytes that a unix socket may have.
"""

from __future__ import annotations

from pathlib import Path

from lab.openstack_conf import DATABASES
from lab.programs import account, program
from lab.settings import HOST, LabSettings


def data_folder(settings: LabSettings) -> Path:
    return settings.run / "mysql"


def server_command(settings: LabSettings) -> tuple[str, ...]:
    """A server for a throw-away cloud: it need not survive a power cut, so it never syncs."""
    return (
        program("mariadbd"),
        "--no-defaults",
        f"--user={account()}",
        f"--datadir={data_folder(settings)}",
        f"--tmpdir={settings.tmp}",
        f"--bind-address={HOST}",
        f"--port={settings.ports['mariadb']}",
        "--socket=mariadb.sock",
        f"--pid-file={settings.run / 'mariadb.pid'}",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=0",
        "--innodb-flush-method=nosync",
        "--innodb-log-file-size=32M",
        "--innodb-buffer-pool-size=128M",
        "--max-connections=400",
        "--skip-name-resolve",
        "--performance-schema=off",
    )


def install_command(settings: LabSettings) -> tuple[str, ...]:
    """Make an empty data folder, with the databases and the account of the lab."""
    return (
        program("mariadb-install-db"),
        "--no-defaults",
        f"--datadir={data_folder(settings)}",
        f"--user={account()}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        f"--extra-file={_accounts_file(settings)}",
    )


def _accounts_file(settings: LabSettings) -> Path:
    path = settings.etc / "mariadb-accounts.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    statements = [f"CREATE DATABASE {name} CHARACTER SET utf8mb3;" for name in DATABASES]
    statements += [
        "FLUSH PRIVILEGES;",
        f"CREATE USER lab@'{HOST}' IDENTIFIED BY 'lab';",
        f"GRANT ALL ON *.* TO lab@'{HOST}';",
    ]
    path.write_text("\n".join(statements) + "\n")
    return path
