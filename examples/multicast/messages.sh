#!/usr/bin/env bash
# Plays the battle: each line is one datagram from a ship or base to a multicast group, sent by socat inside its pod.
# PAUSE is the time in seconds before the first message (default 5) and, divided by five, between messages.
set -euo pipefail

pause=${PAUSE:-5}
empire=225.0.0.11:6666
alliance=225.0.0.21:8888
force=225.0.0.42:7777

# send GROUP:PORT SENDER TEXT
send() {
    printf 'Sending msg to %s from %s: %s\n' "$1" "$2" "$3"
    printf '%s\n' "$3" | kubectl exec -i "$2" -- socat -u - "UDP4-DATAGRAM:$1"
    sleep "$(awk "BEGIN { print $pause / 5 }")"
}

sleep "$pause"
send $empire deploy/deathstar "🌝 The rebel moon comes into range in half a minute."
send $empire darth-vader "⬛ The one in front is mine."
send $force obi-wan "👻 Feel it, Luke."
send $force obi-wan "👻 Stop thinking, Luke."
send $empire darth-vader "⬛ This pilot is not like the others."
send $force obi-wan "👻 Luke, believe me."
send $alliance deploy/rebel-base "👹 Luke, your aiming computer went dark. Is something broken?"
send $alliance luke "🧑 All good here."
send $alliance luke "🧑 My droid is hit!"
send $alliance deploy/rebel-base "👹 The station has a clear line of fire. I repeat, a clear line of fire."
send $empire deploy/deathstar "🌝 The rebel base is in range."
send $empire deploy/deathstar "🌝 Gunners, fire at will."
send $empire deploy/deathstar "🌝 Start the main reactor."
send $empire darth-vader "⬛ Now you are mine."
send $empire darth-vader "⬛ Who is behind me?"
send $alliance millenium-falcon "🦅 Woo-hoo!"
send $alliance millenium-falcon "🦅 The way is free, youngster."
send $alliance millenium-falcon "🦅 One good shot and we fly home!"
send $empire deploy/deathstar "🌝 Prepare to fire on the rebel base."
send $empire deploy/deathstar "🌝 Ready to fire."
send $empire deploy/deathstar "💥 THE STATION BLOWS UP"
send $alliance millenium-falcon "🦅 What a hit. Nobody will ever repeat that one."
send $force obi-wan "👻 Do not forget: the Force stays with you."
kubectl scale deployment deathstar --replicas 0
