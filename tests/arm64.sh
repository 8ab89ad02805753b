#!/bin/sh
# Runs tests as on a Raspberry Pi: Debian's Python for arm64 and the locked libraries' wheels, in QEMU's user emulation.
#
#   make test-arm [ARGS="tests/core/rules"]
#
# Everything lies in .arm64 of the checkout: apt gets a state of its own there, so that neither root nor a change of this
# machine is needed.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
place="$here/.arm64"
root="$place/root"
site="$root/usr/lib/python3/dist-packages" # children are told no other PYTHONPATH than the checkout
python="$root/usr/bin/python3.11"
packages="python3.11 python3.11-minimal libpython3.11-stdlib libpython3.11-minimal libc6 libgcc-s1 libstdc++6 zlib1g
  libexpat1 libssl3 libffi8 libsqlite3-0 libbz2-1.0 liblzma5 libuuid1 libcrypt1 libncursesw6 libtinfo6"

if [ ! -e "$place/.made" ]; then
  rm -rf "$place"
  mkdir -p "$place/apt/lists/partial" "$place/apt/archives/partial" "$place/debs" "$root"
  cat > "$place/apt.conf" << APT
Dir::State::Lists "$place/apt/lists";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$place/apt";
APT::Architectures { "$(dpkg --print-architecture)"; "arm64"; };
APT::Sandbox::User "$(id -un)";
APT
  echo "bringing QEMU and Debian's Python for arm64 ..."
  (
    export APT_CONFIG="$place/apt.conf"
    cd "$place/debs"
    apt-get -qq update
    # shellcheck disable=SC2086 # words of a list
    apt-get -qq download qemu-user-static:"$(dpkg --print-architecture)" tzdata $(printf '%s:arm64 ' $packages)
  )
  for deb in "$place"/debs/*.deb; do dpkg -x "$deb" "$root"; done
  # What calls itself Python's program is a script, so that the kernel here can start it as a child, too.
  mv "$python" "$python.arm64"
  cat > "$python" << SH
#!/bin/sh
exec "$root/usr/bin/qemu-aarch64-static" -L "$root" -0 "$python" "$python.arm64" "\$@"
SH
  chmod +x "$python"
  echo "bringing the libraries' wheels for aarch64 (hash-checked) ..."
  for lock in run dev; do
    "$here/.venv/bin/pip" install -q --disable-pip-version-check --no-compile --target "$site" --upgrade --no-deps \
      --require-hashes --only-binary :all: --implementation cp --python-version 3.11 --platform any \
      --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
      -r "$here/requirements/$lock.txt"
  done
  touch "$place/.made"
fi

cd "$here"
export PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1 PYTHONPYCACHEPREFIX="$place/pyc"
exec "$python" -m pytest "$@"
