#!/usr/bin/env bash
# Does what the README says, in a fresh clone in an empty folder, and times it:
#   tests/fresh_clone.sh [FOLDER]     (default: a temporary one, removed at the end)
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
folder=${1-}
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
clone="$folder/a fresh clone"    # paths with spaces have to work

timed() {
  local what=$1 began=$SECONDS
  shift
  "$@"
  printf '%s: %d s\n' "$what" $((SECONDS - began)) | tee -a "$folder/times"
}

git clone --quiet "$source" "$clone"
cd "$clone"
timed 'scripts/lab, the first time, and the tour' ./scripts/lab --run notebooks/00_tour.ipynb
timed 'scripts/lab, the second time, and the tour' ./scripts/lab --run notebooks/00_tour.ipynb
git status --porcelain | { if grep .; then echo 'the clone is not clean any more'; exit 1; fi; }
printf '\n'
cat "$folder/times"
