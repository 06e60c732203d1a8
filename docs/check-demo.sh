#!/usr/bin/env bash
# Show the gate at work on a copy of samples/qa: it passes, a bad macro fails, the baseline accepts it, it is mended.
# Usage: docs/check-demo.sh [FOLDER FOR THE COPY AND THE REPORTS]
# FRICTIONLENS names the command where it is not on the path.
set -u
run=${FRICTIONLENS:-frictionlens}
here=$(cd "$(dirname "$0")/.." && pwd)
copy=${1:-$(mktemp -d)}
cp -R "$here/samples/qa/." "$copy"
cd "$copy" || exit 2

expect() { # expect CODE TITLE COMMAND…
  local wanted=$1 title=$2 code
  shift 2
  printf '\n== %s\n$ %s\n' "$title" "$*"
  "$@"
  code=$?
  if [ "$code" != "$wanted" ]; then
    echo "the exit code is $code, and $wanted was expected" >&2
    exit 1
  fi
}

# $run stays unquoted: it may be several words.
expect 0 "1. The repository passes" $run check

cat > macros/late-returns.md <<'MACRO'
# Returns: after the window

Agent: Thank you for getting in touch.

Agent: Unfortunately we can't refund that.
MACRO
expect 1 "2. A macro that closes the door fails, with its line marked" \
  $run check -o check.sarif -o check.xml -o gitlab=gl-code-quality-report.json
expect 1 "   … and as annotations on GitHub" $run check --to github

expect 0 "3. It is accepted as old debt: with the baseline it passes" \
  $run check --baseline friction-baseline.json --update-baseline
expect 0 "   … and goes on passing" $run check --baseline friction-baseline.json

cat > macros/late-returns.md <<'MACRO'
# Returns: after the window

Agent: What I can do today is store credit for the full amount, or an exchange. Which would you prefer?
MACRO
expect 0 "4. The macro is mended: its entry in the baseline is stale, and that is said" \
  $run check --baseline friction-baseline.json
expect 0 "5. The baseline is cleaned" $run check --baseline friction-baseline.json --update-baseline
