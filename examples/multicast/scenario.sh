#!/usr/bin/env bash
# Splits the terminal into four panes; in each, a ship listens to its multicast streams through `kubectl exec`.
# With LISTEN_LOG=DIR, what each ship hears is also written to DIR/<ship>.log (used by `waggle lab run multicast`).
# With DETACHED=1, the panes are made without attaching a terminal.
set -euo pipefail

session=battle-$$
command -v tmux >/dev/null || { echo "scenario.sh: needs tmux: apt-get install tmux" >&2; exit 1; }

# listen SHIP GROUP:PORT...: the command that a pane runs.
listen() {
    local ship=$1 channels='' log=''
    shift
    for channel in "$@"; do
        channels+="socat -u UDP4-RECVFROM:${channel##*:},reuseaddr,ip-add-membership=${channel%%:*}:0.0.0.0,fork - & "
    done
    [ -z "${LISTEN_LOG:-}" ] || log=" | tee '$LISTEN_LOG/$ship.log'"
    printf '%s' "echo '$ship listens on $*'; kubectl exec $ship -- sh -c '${channels}wait'$log"
}

tmux new-session -d -s "$session" -x 200 -y 50 -e KUBECONFIG="${KUBECONFIG:-}" "$(listen red-leader 225.0.0.21:8888)"
tmux set-option -t "$session" remain-on-exit on
tmux split-window -t "$session" -h -e KUBECONFIG="${KUBECONFIG:-}" "$(listen millenium-falcon 225.0.0.21:8888)"
tmux split-window -t "$session" -v -e KUBECONFIG="${KUBECONFIG:-}" "$(listen darth-vader 225.0.0.11:6666)"
tmux split-window -t "$session":0.0 -v -e KUBECONFIG="${KUBECONFIG:-}" "$(listen luke 225.0.0.21:8888 225.0.0.42:7777)"
if [ -n "${DETACHED:-}" ]; then
    echo "$session"
elif [ -n "${TMUX:-}" ]; then
    exec tmux switch-client -t "$session"
else
    exec tmux attach-session -t "$session"
fi
