# Shared by the scripts beside it: the Python environment, the console, system packages. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

# Containers often forbid Python to keep what it compiled: every process would then read some thousand sources anew.
unset PYTHONDONTWRITEBYTECODE

die() { printf '%s\n' "$*" >&2; exit 1; }

find_python() {
  local name
  for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    if [ -n "$name" ] && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
  die "Python 3.11 or later is needed (set PYTHON to its path)"
}

# The digest of a set of files, to see whether an installation or a build is stale.
digest() { cat "$@" | cksum | tr ' ' '-'; }

# ensure_venv GROUP: .venv with the locked packages of requirements/GROUP.txt and this project.
ensure_venv() {
  local lock="requirements/$1.txt" stamp=".venv/.installed-$1"
  [ -x .venv/bin/python ] || "$(find_python)" -m venv .venv || die "can't make .venv (Debian: apt-get install python3-venv)"
  local want
  want=$(digest "$lock" pyproject.toml)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
    echo "installing Python packages ($lock)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock" || die "installing $lock failed"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ||
      die "installing this project failed"
    echo "$want" >"$stamp"
  fi
}

check_node() {
  command -v node >/dev/null && command -v npm >/dev/null || die "Node 20 or later with npm is needed for the console"
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || die "Node 20 or later is needed, found $(node --version)"
}

# npm_install DIR: the locked packages of a folder.
npm_install() {
  local want stamp="$1/node_modules/.installed"
  want=$(digest "$1/package-lock.json")
  if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
    check_node
    echo "installing npm packages ($1)"
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || die "npm ci in $1 failed"
    echo "$want" >"$stamp"
  fi
}

# The console, built into the package when its sources changed.
ensure_console() {
  local want stamp=src/onepool/console_dist/.built
  want=$(find console -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -print0 | LC_ALL=C sort -z | xargs -0 cksum | cksum | tr ' ' '-')
  if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
    npm_install console
    echo "building the console"
    local log
    log=$(mktemp)
    (cd console && npm run --silent build) >"$log" 2>&1 || { cat "$log"; die "building the console failed"; }
    rm -f "$log"
    echo "$want" >"$stamp"
  fi
}

# need_command COMMAND PACKAGE: a command from Debian's packages.
need_command() { command -v "$1" >/dev/null || install_package "$2" "$1"; }

# install_package PACKAGE WHAT: one of Debian's packages, installed when this is root; WHAT is what the tests need of it.
install_package() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $1"
    { [ -n "$(ls /var/lib/apt/lists 2>/dev/null)" ] || apt-get update -qq; } &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null || {
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null
      } || die "installing $1 failed"
  else
    die "the tests need $2: install the package $1 (Debian: apt-get install $1)"
  fi
}
