#!/bin/sh
# Installs the desk on a Debian, Raspberry Pi OS or other systemd machine:  sudo sh install.sh [WHEEL]
#
#   /opt/openoutcry/versions/X   a version each, an environment of its own; `current` links to the one in use
#   /etc/openoutcry              settings.toml and secrets/
#   /var/lib/openoutcry          the desk's data: its user's alone
#
# Without WHEEL one is built from the checkout that this file stands in. Run again it changes nothing that is there:
# new versions come by `openoutcry update`. PREFIX=DIR installs below DIR and leaves users and systemd alone.
set -eu

root="${PREFIX:-}/opt/openoutcry"
etc="${PREFIX:-}/etc/openoutcry"
data="${PREFIX:-}/var/lib/openoutcry"
here=$(cd "$(dirname "$0")" && pwd)
units=/usr/local/lib/systemd/system
user=openoutcry

say() { printf '%s\n' "$*"; }
fail() { say "install.sh: $*" >&2; exit 1; }

[ -n "${PREFIX:-}" ] || [ "$(id -u)" = 0 ] || fail "must be run by root: sudo sh install.sh"
python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  fail "needs Python 3.11 or newer with venv: apt install python3 python3-venv"
if [ -e "$root/current" ]; then
  fail "$root is there already: openoutcry update brings new versions"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
wheel="${1:-}"
if [ -z "$wheel" ]; then
  [ -f "$here/pyproject.toml" ] || fail "no wheel was named, and there is no checkout here"
  say "building the wheel ..."
  python3 -m venv "$scratch/build"
  "$scratch/build/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$here/requirements/build.txt"
  "$scratch/build/bin/pip" install -q --disable-pip-version-check --require-hashes --no-deps -r "$here/requirements/scripts.txt"
  (cd "$here" && "$scratch/build/bin/python" -m hatchling build -t wheel -d "$scratch/dist" > /dev/null)
  wheel=$(echo "$scratch"/dist/*.whl)
fi
[ -f "$wheel" ] || fail "$wheel: there is no such file"
version=$(basename "$wheel" | cut -d- -f2)

say "installing openoutcry $version (every library checked by its hash) ..."
mkdir -p "$root/versions"
python3 -m venv "$root/versions/$version"
pip="$root/versions/$version/bin/pip"
"$root/versions/$version/bin/python" - "$wheel" "$scratch/requirements.txt" << 'PY'
import sys, zipfile
open(sys.argv[2], "wb").write(zipfile.ZipFile(sys.argv[1]).read("openoutcry/requirements.txt"))
PY
"$pip" install -q --disable-pip-version-check --require-hashes --only-binary :all: -r "$scratch/requirements.txt"
"$pip" install -q --disable-pip-version-check --no-deps "$wheel"
ln -s "versions/$version" "$root/current"

mkdir -p "$etc/secrets" "$data"
chmod 0750 "$etc" "$etc/secrets"
chmod 0700 "$data"
if [ -n "${PREFIX:-}" ]; then
  say "installed below $PREFIX"
  exit 0
fi

id "$user" > /dev/null 2>&1 || useradd --system --home-dir "$data" --shell /usr/sbin/nologin "$user"
chown "$user:$user" "$data"
chown "root:$user" "$etc" "$etc/secrets"
# Everyday commands act as the desk's user, so that root leaves no files of its own among the desk's.
cat > /usr/local/bin/openoutcry << 'SH'
#!/bin/sh
program=/opt/openoutcry/current/bin/openoutcry
case "${1:-}" in
  setup) "$program" "$@" && chgrp -R openoutcry /etc/openoutcry && exec chmod -R g+rX /etc/openoutcry ;;
  update | rollback) exec "$program" "$@" ;;
esac
if [ "$(id -u)" = 0 ]; then exec runuser -u openoutcry -- "$program" "$@"; fi
exec "$program" "$@"
SH
chmod 0755 /usr/local/bin/openoutcry
# Updates replace them; /etc is for the machine's own word (systemctl edit, mask).
mkdir -p "$units"
cp "$root/current/share/openoutcry/"openoutcry* "$units/"
systemctl daemon-reload

say "Installed. Next:"
say "  openoutcry setup --settings $etc/settings.toml --data-dir $data"
say "  systemctl enable --now openoutcry"
