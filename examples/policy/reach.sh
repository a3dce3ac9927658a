#!/usr/bin/env bash
# reach.sh NAMESPACE/POD http ADDRESS[:PORT/PATH] | ping ADDRESS: prints "reached" or "refused". An IPv4 address, or NAMESPACE/POD.
set -uo pipefail

from=$1 how=$2 to=$3
if [[ $to =~ ^([a-z-]+)/([a-z-]+)$ ]]; then
    to=$(kubectl -n "${BASH_REMATCH[1]}" get pod "${BASH_REMATCH[2]}" -o jsonpath='{.status.podIP}')
fi

case $how in
    http) try=(curl -sf -o /dev/null -m 2 "http://$to") ;;
    ping) try=(ping -q -c 1 -W 2 "$to") ;;
    *) echo "reach.sh: http or ping, not $how" >&2; exit 2 ;;
esac
if kubectl -n "${from%%/*}" exec "${from##*/}" -- "${try[@]}" >/dev/null 2>&1; then
    echo reached
else
    echo refused
fi
