"""What setup.cfg cannot say: the message catalogues are compiled before the package is taken."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools import setup
from setuptools.command.build_py import build_py


class BuildPy(build_py):
    def run(self):
        for path in Path("vmware_panel", "locale").glob("*/LC_MESSAGES/*.po"):
            with path.open("rb") as source, path.with_suffix(".mo").open("wb") as compiled:
                write_mo(compiled, read_po(source, locale=path.parts[-3]))
        self.data_files = self._get_data_files()  # what was found before lacks them
        super().run()


setup(cmdclass={"build_py": BuildPy})
