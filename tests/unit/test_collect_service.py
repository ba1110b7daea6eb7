"""docs/examples/vmware-collect.service starts what is there, as systemd is to start it."""

import configparser
import re
from pathlib import Path

from vmware_panel.collecting.external import STUCK_S
from vmware_panel.management.commands import vmware_collect

UNIT = Path(__file__).parents[2] / "docs" / "examples" / "vmware-collect.service"


def service() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser["Service"]


def test_it_starts_the_command_with_options_that_it_has() -> None:
    commands = re.findall(r"^#?ExecStart=(.+)$", UNIT.read_text(), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        _, _, arguments = command.partition(" vmware_collect ")
        parser = vmware_collect.Command().create_parser("manage.py", "vmware_collect")
        options = parser.parse_args(arguments.split())
        assert options.status_file == f"/run/{service()['RuntimeDirectory']}/status.json"


def test_it_fits_what_the_command_tells_systemd() -> None:
    assert service()["Type"] == "notify"
    # One whose word fails to come for so long hangs: its own measure is over well before.
    assert float(service()["WatchdogSec"]) > STUCK_S
    assert service()["RestartPreventExitStatus"] == str(vmware_collect.MISCONFIGURED)
