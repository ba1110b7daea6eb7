#!/bin/bash
# Writes constraints.txt anew: the newest releases that setup.cfg allows, as pip resolves them in an
# environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"${PYTHON:-python3}" -m venv "$scratch/venv"
pip=("$scratch/venv/bin/python" -m pip --disable-pip-version-check --no-input)
"${pip[@]}" install --quiet -e '.[test,lab]'
{
    sed '/^[^#]/,$d' constraints.txt
    "${pip[@]}" freeze --exclude-editable | LC_ALL=C sort -f
} >"$scratch/constraints.txt"
cp "$scratch/constraints.txt" constraints.txt
