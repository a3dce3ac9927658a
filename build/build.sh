# Sourced by ./waggle: publishes the one executable into artifacts/waggle when a source is newer than the last build.

product_sources=(src bench bpf native build deploy examples tools Directory.Build.props Directory.Packages.props global.json)

build_product() {
    local stamp=$root/artifacts/waggle.stamp log=$root/artifacts/build.log
    mkdir -p "$root/artifacts"
    exec 8>"$root/artifacts/build.lock"
    flock 8
    if [ -e "$stamp" ] && [ -x "$root/artifacts/waggle/waggle" ] &&
        [ -z "$(cd "$root" && find "${product_sources[@]}" \( -name bin -o -name obj \) -prune -o \( -type f -o -type d \) -newer "$stamp" -print -quit 2>/dev/null)" ]; then
        exec 8>&-
        return 0
    fi
    say "building (log: artifacts/build.log)"
    local started=$SECONDS began
    began=$(mktemp "$root/artifacts/began.XXXXXX")
    if ! dotnet publish "$root/src/Waggle/Waggle.csproj" -c Release -r linux-x64 --no-self-contained -v quiet --nologo \
        -o "$root/artifacts/waggle" >"$log" 2>&1 8>&-; then
        rm -f "$began"
        grep -E 'error|warning' "$log" | sort -u | head -n 20 >&2 || tail -n 20 "$log" >&2
        die "the build failed; the whole log is in artifacts/build.log."
    fi
    # The stamp bears the time the build began: an edit made while it ran is built next time.
    mv "$began" "$stamp"
    say "built in $((SECONDS - started)) s"
    exec 8>&-
}
