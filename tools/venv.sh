#!/bin/bash
# Makes .venv from constraints.txt, with the project itself installed editable. Does nothing if it
# was already made from the same files by the same Python. PYTHON names another Python.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
venv=.venv
stamp=$venv/.made-from

if ! version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])'); then
    echo "$python does not run. Install Python 3.11 or later, or name it: make venv PYTHON=..." >&2
    exit 2
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$python is Python $version; 3.11 or later is needed: make venv PYTHON=python3.11" >&2
    exit 2
fi

# Of setup.cfg, what is above the tools' sections.
made_from=$(
    echo "$PWD $version"
    cat constraints.txt pyproject.toml <(sed '/^\[mypy\]/,$d' setup.cfg) | sha256sum
)
if [ -e $stamp ] && [ "$(cat $stamp)" = "$made_from" ] && $venv/bin/python -c ''; then
    $venv/bin/python tools/messages.py compile
    exit 0
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$python lacks the module venv. On Debian: apt-get install python3-venv" >&2
    exit 2
fi
echo "Making $venv with Python $version from constraints.txt"
started=$SECONDS
if [ ! -e $venv ] || [ "$($venv/bin/python -c 'import sys; print(sys.prefix, "%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)" != "$PWD/$venv $version" ]; then
    "$python" -m venv --clear $venv
fi
rm -f $stamp
$venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    -c constraints.txt -e '.[test,lab]'
echo "$made_from" >$stamp
echo "$venv is ready ($((SECONDS - started)) s)"
