# Sourced by ./waggle: what Waggle needs of the machine, and one clear sentence when it is not there.

say() { printf 'waggle: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Each entry is "package|test": the package is installed when the test (a command name, or a path that must exist) fails.
run_packages=(
    "libbpf1|$(ls /usr/lib/*/libbpf.so.1 /usr/lib64/libbpf.so.1 2>/dev/null | head -n 1 || true)"
    "iproute2|ip"
    "iputils-ping|ping"
    "socat|socat"
    "jq|jq"
    "curl|curl"
    "tmux|tmux"
    "tcpdump|tcpdump"
    "kubernetes-client|kubectl"
)
build_packages=(
    "clang|clang"
    "libbpf-dev|/usr/include/bpf/bpf_helpers.h"
    "gcc|cc"
    "libc6-dev|/usr/include/stdio.h"
)
test_packages=(
    "containernetworking-plugins|/usr/lib/cni/bridge"
    "iperf3|iperf3"
    "bpftool|/usr/sbin/bpftool"
    "ethtool|ethtool"
    "protobuf-compiler|protoc"
    "python3-protobuf|/usr/lib/python3/dist-packages/google/protobuf"
    "python3-grpcio|/usr/lib/python3/dist-packages/grpc"
    "arping|arping"
    "tshark|tshark"
    "zsh|zsh"
    "fish|fish"
    "python3|python3"
    "qemu-system-x86|qemu-system-x86_64"
)

require_root() {
    [ "$(id -u)" = 0 ] || die "needs root, for network namespaces and eBPF; run: sudo $0 $*"
}

require_dotnet() {
    local candidate
    if ! command -v dotnet >/dev/null 2>&1; then
        # sudo resets PATH: look where installers put the SDK.
        for candidate in /usr/share/dotnet /usr/lib/dotnet /usr/local/share/dotnet "$(eval echo "~${SUDO_USER:-root}")/.dotnet"; do
            [ -x "$candidate/dotnet" ] && PATH=$candidate:$PATH && break
        done
    fi
    command -v dotnet >/dev/null 2>&1 || die "needs the .NET 10 SDK and found no 'dotnet' on PATH; install the package dotnet-sdk-10.0 from Microsoft's feed for your distribution."
    dotnet --list-sdks | grep -q '^10\.' || die "needs the .NET 10 SDK, but 'dotnet --list-sdks' shows only: $(dotnet --list-sdks | cut -d' ' -f1 | tr '\n' ' '); install dotnet-sdk-10.0."
    export PATH DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
}

require_kernel() {
    local release major minor fs
    release=$(uname -r)
    major=${release%%.*}
    minor=${release#*.}
    minor=${minor%%[!0-9]*}
    if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 1 ]; }; then
        die "needs Linux 6.1 or newer for its eBPF programs, but this is $release; boot a newer kernel."
    fi
    for fs in bpf cgroup2 overlay; do
        grep -qw "$fs" /proc/filesystems || modprobe -q "$fs" 2>/dev/null || true
        grep -qw "$fs" /proc/filesystems || die "this kernel ($release) has no '$fs' file system; use a kernel built with it (Debian's linux-image packages have it)."
    done
    [ -e /sys/kernel/btf/vmlinux ] || die "this kernel ($release) has no BTF (/sys/kernel/btf/vmlinux); use a kernel built with CONFIG_DEBUG_INFO_BTF=y (Debian's linux-image packages are)."
}

install_packages() {
    local entry package probe missing=()
    for entry in "$@"; do
        package=${entry%%|*}
        probe=${entry#*|}
        case $probe in
            '') missing+=("$package") ;;
            /*) [ -e "$probe" ] || missing+=("$package") ;;
            *) command -v "$probe" >/dev/null 2>&1 || missing+=("$package") ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null 2>&1 || die "needs these programs, and found no apt-get to install them with: ${missing[*]} (Debian's package names); install them, then run the same command again."
    say "installing Debian packages: ${missing[*]}"
    local log
    log=$(mktemp)
    if ! { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" ||
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; }; } >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        die "could not install: ${missing[*]}; the lines above are apt-get's own. Install them by hand, then run the same command again."
    fi
    rm -f "$log"
}
