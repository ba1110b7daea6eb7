"""Real databases for tests of workers: SQLite, MariaDB and PostgreSQL, on free ports of this machine."""

import getpass
import os
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
import pymysql
from pymysql.constants import ER

from lab.programs import program
from tests.store.servers import HOST, free_port

DOCUMENT = Path(__file__).parents[2] / "docs" / "job-workers.md"
NAME = "horizon_jobs"  # of the database and of the account
PASSWORD = "of the database of a test"  # noqa: S105
START_TIMEOUT_S = 180


LOCKED_S = 60  # what a busy machine's disk takes to write


class Sqlite:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "tasks.sqlite3"
        self.settings = (
            "DATABASES = {'default': "
            f"{{'ENGINE': 'django.db.backends.sqlite3', 'NAME': {str(self._path)!r}, "
            f"'OPTIONS': {{'timeout': {LOCKED_S}}}}}}}\n"
        )

    def start(self) -> None: ...

    def close(self) -> None: ...

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self._path, timeout=LOCKED_S)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


class Server:
    """One that may be killed and started again, always on the same port, with what it had."""

    engine: str
    errors: type[Exception]

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / f"{type(self).__name__}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.settings = f"{documented(self.engine)}\n" + "".join(
            f"DATABASES['default'][{key!r}] = {value!r}\n"
            for key, value in (("HOST", HOST), ("PORT", self.port), ("PASSWORD", PASSWORD))
        )

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def end_idle_sessions(self) -> None:
        """As the server does after its `wait_timeout`, or a proxy before it after its own; here those
        of 300 ms.
        """
        raise NotImplementedError

    def start(self) -> None:
        self._process = self._start()
        give_up_s = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up_s:
                raise RuntimeError(f"it did not start: {self._log.read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, and with its children; what was committed is there when it starts again."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(self._how_to_stop)
            self._process.wait(START_TIMEOUT_S)

    def close(self) -> None:
        self.stop()

    _how_to_stop = signal.SIGKILL

    def _start(self) -> "subprocess.Popen[bytes]":
        raise NotImplementedError

    def _run(self, command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, **options)

    def _made(self, command: Sequence[str], **options: Any) -> None:
        made = self._run(command, **options)
        if made.wait(START_TIMEOUT_S) != 0:
            raise RuntimeError(f"{command[0]} failed: {self._log.read_text()}")

    def _answers(self) -> bool:
        try:
            return self.ask("SELECT 1") == [(1,)]
        except self.errors:
            return False


class MariaDb(Server):
    engine = "django.db.backends.mysql"
    errors = pymysql.MySQLError

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._options = folder / "mariadb.cnf"
        statements = folder / "mariadb.sql"
        statements.write_text(
            f"CREATE DATABASE IF NOT EXISTS {NAME} CHARACTER SET utf8mb4;\n"
            f"CREATE USER IF NOT EXISTS {NAME}@'{HOST}' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON {NAME}.* TO {NAME}@'{HOST}';\n"
        )
        self._options.write_text(
            textwrap.dedent(f"""\
                [mariadbd]
                user={getpass.getuser()}
                datadir={folder / "mariadb"}
                init-file={statements}
                bind-address={HOST}
                port={self.port}
                socket=mariadb.sock
                pid-file={folder / "mariadb.pid"}
                skip-name-resolve
                innodb-log-file-size=8M
                innodb-buffer-pool-size=16M
                innodb-flush-method=nosync
                performance-schema=off
            """)
        )
        install = program("mariadb-install-db")
        self._made([install, f"--defaults-file={self._options}", "--skip-test-db"])

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        connection = pymysql.connect(
            host=HOST, port=self.port, user=NAME, password=PASSWORD, database=NAME
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def end_idle_sessions(self) -> None:
        for (session,) in self.ask(
            "SELECT ID FROM information_schema.PROCESSLIST "
            "WHERE COMMAND = 'Sleep' AND TIME_MS > 300"
        ):
            try:
                self.ask(f"KILL {session}")
            except pymysql.MySQLError as error:
                if error.args[0] != ER.NO_SUCH_THREAD:  # it has ended by itself meanwhile
                    raise

    def _start(self) -> "subprocess.Popen[bytes]":
        return self._run([program("mariadbd"), f"--defaults-file={self._options}"])


class PostgreSql(Server):
    """It refuses to run as root, who starts it as the account of its package: that one cannot reach
    the folder of root's tests, and gets one of its own.
    """

    engine = "django.db.backends.postgresql"
    errors = psycopg.Error
    _how_to_stop = signal.SIGQUIT  # SIGKILL would leave its children and its shared memory

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder / "postgresql"
        self._options: Mapping[str, Any] = {"cwd": self._folder}
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            self._folder = Path(tempfile.mkdtemp(prefix="vmp.", dir="/tmp"))  # noqa: S108
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._options = {
                "cwd": self._folder,
                "user": user.pw_uid,
                "group": user.pw_gid,
                "extra_groups": [],
            }
        else:
            self._folder.mkdir()
        self._data = str(self._folder / "data")
        password, statements = self._folder / "password", self._folder / "statements"
        password.write_text(PASSWORD)
        statements.write_text(f"CREATE DATABASE {NAME};\n")
        self._made(
            [
                *(self._program("initdb"), "-D", self._data, "-U", NAME, "-A", "scram-sha-256"),
                *("--pwfile", str(password), "-E", "UTF8", "--no-locale", "--no-sync"),
            ],
            **self._options,
        )
        with statements.open() as said:
            single = [self._program("postgres"), "--single", "-D", self._data, "postgres"]
            self._made(single, stdin=said, **self._options)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            host=HOST, port=self.port, user=NAME, password=PASSWORD, dbname=NAME
        ) as connection:
            return connection.execute(statement.encode()).fetchall()

    def end_idle_sessions(self) -> None:
        self.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE state = 'idle' AND state_change < now() - interval '300 ms'"
        )

    def close(self) -> None:
        super().close()
        shutil.rmtree(self._folder)

    def _start(self) -> "subprocess.Popen[bytes]":
        options = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
        }
        told = (part for key, value in options.items() for part in ("-c", f"{key}={value}"))
        return self._run([self._program("postgres"), "-D", self._data, *told], **self._options)

    @staticmethod
    def _program(name: str) -> str:
        """Debian's, which are in nobody's PATH."""
        return str(max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))


DATABASES: Mapping[str, type[Sqlite] | type[Server]] = MappingProxyType(
    {"sqlite": Sqlite, "mariadb": MariaDb, "postgresql": PostgreSql}
)


def documented(engine: str) -> str:
    """What docs/job-workers.md has an operator write for it."""
    blocks = re.findall(
        r"^ *```python\n(.*?)^ *```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE
    )
    (block,) = (block for block in blocks if engine in block)
    return textwrap.dedent(block)
