#!/usr/bin/env bash
# Builds and runs every test project, one after the other, and ends with the counted result: "N passed, N failed, N skipped".
# usage: ./waggle test [PROJECT-FILTER] [-- OPTIONS of the xunit v3 runner, e.g. -method '*Igmp*']
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
filter=${1:-}
[ "$filter" = -- ] && filter=''
[ -n "$filter" ] && shift
[ "${1:-}" = -- ] && shift

results=$root/artifacts/test-results
rm -rf "$results"
mkdir -p "$results"
export WAGGLE_PRODUCT=$root/artifacts/waggle WAGGLE_SOURCE=$root

echo "== building the tests"
if ! dotnet build "$root/Waggle.slnx" -c Release -v quiet --nologo >"$results/build.log" 2>&1; then
    grep -E 'error' "$results/build.log" | sort -u | head -n 30
    echo "waggle: the tests did not build; the whole log is artifacts/test-results/build.log."
    exit 1
fi

# What failed, once more at the end: whoever has only the last lines must know which test, and why.
failures() {
    awk '/ \[FAIL\]$|^ +\[Test .* Failure/ { left = 40 }
         /^  Finished:/ { left = 0 }
         left > 0 { print; left-- }
         /^ +Stack Trace:$/ { if (left > 4) left = 4 }' "$results/$1.log" | cut -c1-2000 | head -n 200
}

passed=0 failed=0 skipped=0 broken=0 told=''
for project in "$root"/tests/*.Tests; do
    name=$(basename "$project")
    case $name in *"$filter"*) ;; *) continue ;; esac
    program=$(ls "$project"/bin/Release/net10.0/"$name" "$project"/bin/Release/net10.0/linux-x64/"$name" 2>/dev/null | head -n 1)
    [ -n "$program" ] || { echo "== $name: no test program was built"; broken=$((broken + 1)); continue; }
    echo "== $name"
    started=$SECONDS
    timeout --kill-after=30 1500 "$program" -noColor -noLogo -xml "$results/$name.xml" "$@" 2>&1 | tee "$results/$name.log" \
        | grep -vE '^ *(Discover|Starting|Finished)|^[0-9T:.-]+Z (trce|dbug|info): '
    status=${PIPESTATUS[0]}
    # Counted from the runner's own results file; a program that died without one is a failure, not a silence.
    counts=$(grep -oE '<assembly [^>]*>' "$results/$name.xml" 2>/dev/null | head -n 1)
    if [ -z "$counts" ]; then
        echo "== $name: the test program ended with status $status and left no results"
        broken=$((broken + 1))
        continue
    fi
    field() { printf '%s' "$counts" | grep -oE " $1=\"[0-9]+\"" | grep -oE '[0-9]+'; }
    p=$(field passed) f=$(field failed) s=$(field skipped) e=$(field errors)
    passed=$((passed + p)) failed=$((failed + f + e)) skipped=$((skipped + s))
    [ "$status" -eq 0 ] || [ "$((f + e))" -gt 0 ] || broken=$((broken + 1))
    [ "$((f + e))" -eq 0 ] || told+="== failed in $name"$'\n'"$(failures "$name")"$'\n'
    echo "== $name: $p passed, $((f + e)) failed, $s skipped in $((SECONDS - started)) s"
done
echo
printf '%s' "$told"
[ "$broken" -eq 0 ] || echo "waggle: $broken test program(s) did not run to their end"
failed=$((failed + broken))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
