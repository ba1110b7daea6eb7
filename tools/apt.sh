#!/bin/bash
# Installs the Debian packages that the lab and the tests run. With all of them there it does
# nothing and needs no rights. As root, or with sudo that asks no password, it installs the missing
# ones; else it prints the one line to run and stops with status 2.
#
# The packages' own services (RabbitMQ, memcached, PostgreSQL) are not started: the lab and the tests
# run their own, on their own ports.
set -euo pipefail

packages=(
    python3-venv                      # the virtual environment
    mariadb-server-core mariadb-client-core rabbitmq-server memcached redis-server
    postgresql                        # beside MariaDB: a database for workers of jobs
    qemu-utils                        # images for Glance
    golang-go golang-github-vmware-govmomi-dev  # the vCenter simulator
    chromium chromium-driver fonts-dejavu-core  # the browser tests
)

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if ! command -v apt-get >/dev/null; then
    echo "This needs Debian 12 (apt-get was not found), and from it: ${missing[*]}" >&2
    exit 2
elif [ "$(id -u)" = 0 ]; then
    as_root=(env)
elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n env)
else
    echo "Packages are missing, and installing them needs root. Run this, then the same again:" >&2
    echo "sudo ${install[*]}" >&2
    exit 2
fi

scratch=$(mktemp -d)
policy=/usr/sbin/policy-rc.d
placed=

# Debian asks policy-rc.d before a package starts its service; 101 means no.
forbid_services() {
    if [ -x $policy ] && { $policy rabbitmq-server start >/dev/null 2>&1; [ $? = 101 ]; }; then
        return
    fi
    [ ! -e $policy ] || "${as_root[@]}" cp -p $policy "$scratch/policy-rc.d"
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
    placed=yes
    "${as_root[@]}" chmod 755 $policy
}

restore() {
    if [ -n "$placed" ]; then
        if [ -e "$scratch/policy-rc.d" ]; then
            "${as_root[@]}" cp -p "$scratch/policy-rc.d" $policy
        else
            "${as_root[@]}" rm -f $policy
        fi
    fi
    "${as_root[@]}" rm -rf "$scratch"
}
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

run() {
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive "$@" >"$scratch/log" 2>&1 </dev/null && return
    tail -n 20 "$scratch/log" >&2
    echo "$* failed; above are its last lines." >&2
    exit 1
}

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
forbid_services
run apt-get -o DPkg::Lock::Timeout=300 update
run apt-get -o DPkg::Lock::Timeout=300 "${install[@]:1}"
