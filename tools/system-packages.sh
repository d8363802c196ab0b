#!/usr/bin/env bash
# Installs Debian packages that are missing: as root, with sudo where it asks no password, or says what to do.
set -o errexit -o nounset -o pipefail
missing=()
for package in "$@"; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo --non-interactive true 2>/dev/null; then
    echo "make: these packages are missing; please run: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo --non-interactive)
fi
echo "Installing ${missing[*]} ..."
export DEBIAN_FRONTEND=noninteractive
# What a package would start by itself is not wanted: the tests start their own servers.
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
