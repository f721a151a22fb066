# shellcheck shell=bash
# What the scripts beside it share: the checks of tools, the Python environment, the kernel.
# Written for bash 3.2, which macOS ships. Sourced, after `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
python=$venv/bin/python
stamps=$venv/lessons            # inside the environment: removed with it
logs=$root/target/lessons
needs_python=3.10
needs_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Runs a quiet command with its name and, on a terminal, the seconds that it takes.
# Its output goes to a log that is shown when it fails.
quietly() {
  local what=$1 log status=0 ticker='' began=$SECONDS
  shift
  mkdir -p "$logs"
  log=$logs/$(printf '%s' "$what" | tr -cs '[:alnum:]' '-').log
  if [ -t 2 ]; then
    ( while kill -0 $$ 2>/dev/null; do
        printf '\r%s … %ds ' "$what" $((SECONDS - began)) >&2
        sleep 1
      done ) &
    ticker=$!
  else
    say "$what …"
  fi
  "$@" >"$log" 2>&1 || status=$?
  if [ -n "$ticker" ]; then
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    printf '\r\033[K%s … %ds\n' "$what" $((SECONDS - began)) >&2
  fi
  if [ "$status" -ne 0 ]; then
    tail -n 25 "$log" >&2
    say "$what failed; all it said: $log"
  fi
  return "$status"
}

# --- tools ---------------------------------------------------------------------------------

# version_at_least HAVE WANT, for versions such as 3.11.7 and 1.95
version_at_least() {
  local have_major=${1%%.*} have_rest=${1#*.} want_major=${2%%.*} want_rest=${2#*.}
  [ "$have_major" -gt "$want_major" ] ||
    { [ "$have_major" -eq "$want_major" ] && [ "${have_rest%%.*}" -ge "${want_rest%%.*}" ]; }
}

# install_command THING: the command that installs it on this platform.
install_command() {
  local manager='' sudo='sudo '
  if [ "$(id -u)" -eq 0 ]; then sudo=''; fi
  if [ "$(uname -s)" = Darwin ]; then
    manager=brew
  else
    for manager in apt-get dnf pacman zypper apk none; do
      if command -v "$manager" >/dev/null; then break; fi
    done
  fi
  case $1-$manager in
    rust-src-*) if command -v rustup >/dev/null; then echo 'rustup component add rust-src'
                elif [ "$manager" = apt-get ] || [ "$manager" = dnf ]; then echo "${sudo}$manager install rust-src"
                else echo 'it comes with a Rust that rustup installed: https://rustup.rs'; fi ;;
    rust-*) if command -v rustup >/dev/null; then echo 'rustup update stable'
            else echo "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"; fi ;;
    linker-brew) echo 'xcode-select --install' ;;
    linker-apt-get) echo "${sudo}apt-get install build-essential" ;;
    linker-dnf) echo "${sudo}dnf install gcc" ;;
    linker-pacman) echo "${sudo}pacman -S gcc" ;;
    linker-zypper) echo "${sudo}zypper install gcc" ;;
    linker-apk) echo "${sudo}apk add build-base" ;;
    python-brew) echo 'brew install python@3.13' ;;
    python-apt-get) echo "${sudo}apt-get install python3 python3-venv python3-pip" ;;
    python-dnf) echo "${sudo}dnf install python3 python3-pip" ;;
    python-pacman) echo "${sudo}pacman -S python" ;;
    python-zypper) echo "${sudo}zypper install python311" ;;
    python-apk) echo "${sudo}apk add python3 py3-pip" ;;
    valgrind-apt-get | valgrind-dnf) echo "${sudo}$manager install valgrind" ;;
    valgrind-pacman) echo "${sudo}pacman -S valgrind" ;;
    valgrind-zypper) echo "${sudo}zypper install valgrind" ;;
    valgrind-apk) echo "${sudo}apk add valgrind" ;;
    *) echo "install it with this system's package manager" ;;
  esac
}

missing() { say "missing: $1"; say "    to install: $2"; }

# Prints the first Python that is new enough and can make environments.
find_python() {
  local name
  for name in python3.13 python3.12 python3.11 python3.10 python3; do
    if "$name" -c "import sys, venv, ensurepip; sys.exit(sys.version_info < (${needs_python/./, }))" \
      >/dev/null 2>&1; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# check_tools VARIANT: looks for everything before anything is built, and names all that is missing.
check_tools() {
  local variant=$1 fatal=0 have
  have=$(rustc --version 2>/dev/null | cut -d ' ' -f 2) || have=''
  if [ -z "$have" ] || ! command -v cargo >/dev/null; then
    missing "Rust $needs_rust or newer (rustc and cargo)" "$(install_command rust)"
    fatal=1
  elif ! version_at_least "$have" "$needs_rust"; then
    missing "Rust $needs_rust or newer: this is $have" "$(install_command rust)"
    fatal=1
  elif [ ! -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    missing "rust-src, without which rust-analyzer and stock evcxr know less of std; our kernel needs it not" \
      "$(install_command rust-src)"
  fi
  if ! command -v cc >/dev/null || { [ "$(uname -s)" = Darwin ] && ! xcode-select -p >/dev/null 2>&1; }; then
    missing 'a C linker (cc)' "$(install_command linker)"
    fatal=1
  fi
  if [ ! -e "$stamps/root" ] && ! find_python >/dev/null; then
    missing "Python $needs_python or newer, with venv and pip" "$(install_command python)"
    fatal=1
  fi
  if [ "$variant" = cuda ] && ! command -v nvcc >/dev/null; then
    missing 'the CUDA toolkit (nvcc)' 'see docs/gpu.md'
    fatal=1
  elif [ "$variant" = metal ] && [ "$(uname -s)" != Darwin ]; then
    missing 'Metal, which macOS alone has' 'see docs/gpu.md for what else there is'
    fatal=1
  fi
  if [ "$fatal" -ne 0 ]; then
    die 'install what is missing, open a new terminal, and run this again'
  fi
}

# --- the Python environment ----------------------------------------------------------------

# up_to_date STAMP WANT: whether the stamp was written, for the same state of things
up_to_date() { [ -e "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# prepare_python LOCK…: makes .venv and installs what the lock files in scripts/ pin. What was
# installed already costs nothing; an environment left half-made is made anew.
prepare_python() {
  local lock base stale='' files=() half_made=$stamps/half-made
  for lock; do
    if ! up_to_date "$stamps/$lock" "$root $(cksum <"$root/scripts/$lock")"; then stale=yes; fi
    files+=(-r "$root/scripts/$lock")
  done
  if [ -z "$stale" ] && [ ! -e "$half_made" ] && "$python" -c '' 2>/dev/null; then return; fi

  if [ -e "$half_made" ] || ! up_to_date "$stamps/root" "$root" || ! "$python" -m pip --version >/dev/null 2>&1; then
    base=$(find_python) || die "no Python $needs_python or newer; $(install_command python)"
    quietly "Making a Python environment" "$base" -m venv --clear "$venv" || return
    mkdir -p "$stamps"
    printf '%s\n' "$root" >"$stamps/root"
  fi
  : >"$half_made"
  quietly 'Installing the pinned Python packages' \
    "$python" -m pip install --quiet --disable-pip-version-check --no-input "${files[@]}" || return
  mkdir -p "$venv/share/jupyter/lab/settings"
  cp "$root/scripts/jupyterlab.json" "$venv/share/jupyter/lab/settings/overrides.json"
  for lock; do
    printf '%s %s\n' "$root" "$(cksum <"$root/scripts/$lock")" >"$stamps/$lock"
  done
  rm "$half_made"
}

# --- the kernel ----------------------------------------------------------------------------

# kernel_name VARIANT: cpu, cuda or metal
kernel_name() { if [ "$1" = cpu ]; then echo lessons; else echo "lessons-$1"; fi; }

# prepare_kernel VARIANT: builds the kernel, the command line, and the library that cells use, and
# installs the kernelspec into .venv. When nothing has to be done, that costs one look at the
# sources' times.
prepare_kernel() {
  local variant=$1 name stamp state options=()
  name=$(kernel_name "$variant")
  stamp=$stamps/kernel-$name
  state="$root $(rustc --version)"
  if [ "$variant" != cpu ]; then options=(--name "$name" --features "$variant"); fi
  if up_to_date "$stamp" "$state" && [ -x "$(kernel_binary "$name")" ] && [ -z "$(newer_sources "$stamp")" ]; then
    return
  fi
  printf '%s\n' "$state" >"$stamp.new"   # its time is from before the build: later edits count
  say 'Building the kernel and the library; the first time takes some minutes'
  ( cd "$root" &&
    cargo build --release --target-dir target -p lessons-kernel -p lessons-cli &&
    target/release/lessons-kernel install --prefix "$venv" --workspace . ${options[@]+"${options[@]}"}
  ) || return
  mv "$stamp.new" "$stamp"
}

# kernel_binary NAME: the program that an installed kernel starts, which is the first path in its spec
kernel_binary() {
  grep -o '"/[^"]*"' "$venv/share/jupyter/kernels/$1/kernel.json" 2>/dev/null | head -n 1 | tr -d '"'
}

newer_sources() {
  ( cd "$root" && find Cargo.toml Cargo.lock lessons-crate kernels data -newer "$1" 2>/dev/null | head -n 1 )
}

# --- stock evcxr_jupyter -------------------------------------------------------------------

# stock_data: the folder of Jupyter's data in which its kernelspec, `stock`, lies
stock_data() { echo "$root/target/stock/share/jupyter"; }

# prepare_stock_kernel: builds the peer; when it is there already, that costs a look.
prepare_stock_kernel() {
  local kernel
  kernel=$(stock_data)/kernels/stock
  cargo install evcxr_jupyter --version 0.22.0 --locked --root "$root/target/stock" || return
  mkdir -p "$kernel"
  printf '{"argv": ["%s", "--control_file", "{connection_file}"], "display_name": "Rust (stock)", "language": "rust"}\n' \
    "$root/target/stock/bin/evcxr_jupyter" >"$kernel/kernel.json"
}
