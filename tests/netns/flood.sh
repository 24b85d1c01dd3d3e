#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A flood of SYNs from random sources at a published service: what is established loses nothing, what is
# held stays bounded, genuine clients get in meanwhile, and the service answers at once when it ends.
# FLOOD=1000000 SYNs at RATE=100000 a second; fewer by default.
# Alone: it sends all that a core can.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_services
lab_start
edit 's/limits: .*/limits: {flows: 50000, flows-per-host: 10000, half-open: 8000}/'
daemon_start
flood=${FLOOD:-200000} rate=${RATE:-100000}
quarter=2000

say "established before: twenty of each, from both circuits and from inside"
hold in4 chicago tcp 198.18.1.10 20 $public4 7000
hold same4 internet tcp 198.19.0.10 20 $public4 7000
hold in6 chicago udp 2001:db8:e::10 20 $public6 7000
hold out4 pilot tcp 10.1.20.2 20 $exchange4 7001
old_ones() { # WHEN
	local name
	for name in in4 same4 in6 out4; do same "$1: $name" "20 as before" "$(say_to $name)"; done
}
memory() { awk '/VmRSS/ { print $2 }' "/proc/$daemon/status"; }
loads() { counted services service web "$1"; }
entries() { counted tables table flows4 entries; }
before=$(memory)
flows=$(flow_list)

say "genuine connections, four at a time, from addresses that nobody has seen"
ip -n "${lab}gw" route add 198.51.100.128/25 via 192.0.2.2
cat >"$work/knock" <<'KNOCK'
import signal, socket, sys, threading, time
signal.signal(signal.SIGTERM, signal.default_int_handler)
destination, got, tried, slowest = sys.argv[1], 0, 0, 0
one = threading.Lock()


def knock(first):  # one after the other, of thirty addresses
    global got, tried, slowest
    n = 0
    while True:
        s = socket.socket()
        s.settimeout(5)
        s.bind((f"198.51.100.{first + n % 30}", 0))
        n += 1
        begun, came = time.monotonic(), False
        try:
            s.connect((destination, 7000))
            s.send(b"x\n")
            came = bool(s.recv(100))
        except OSError:
            pass
        s.close()
        with one:
            got += came
            tried += 1
            slowest = max(slowest, time.monotonic() - begun)
            print(f"{got} of {tried}, the slowest in {slowest * 1000:.0f} ms", flush=True)
        time.sleep(0.04)


try:
    for first in (129, 159, 189, 219):
        threading.Thread(target=knock, args=(first,), daemon=True).start()
    while True:
        time.sleep(60)
except KeyboardInterrupt:
    pass
KNOCK
for n in $(seq 129 251); do ip -n "${lab}internet" addr add 198.51.100.$n/32 dev lo; done

tries() { sed -n '$s/.* of \([0-9]*\),.*/\1/p' "$work/knock.out"; }
background knock internet /usr/bin/python3 "$work/knock" $public4
knock=$last
wait_for 20 test -s "$work/knock.out"
background syn internet "$top/build/tests/lib/syn" i0 "$(mac gw wan0)" $public4 7000 "$flood" "$rate"
syn=$last
full() { (($(verdict CHALLENGED) > 0)); }
wait_for 20 full
earlier=$(tries)
while kill -0 "$syn" 2>/dev/null; do
	old_ones "in the flood"
	(($(loads half-open) <= quarter + 200)) || fail "half-open flows of the service: $(loads half-open)"
done
wait "$syn" || fail "$(cat "$work/syn.err")"
kill -TERM "$knock"
wait "$knock" 2>/dev/null || :
genuine=$(tail -1 "$work/knock.out")

say "and when it is over, at once"
begun=$(date +%s%N)
matches "a new client" '^s[123] 192\.168\.5\.5 ' "$(ask internet tcp 198.51.100.251 0 $public4 7000)"
after=$((($(date +%s%N) - begun) / 1000000))
old_ones "afterwards"
same "flows that were lost" "" "$(flows_lost "$flows" "$(flow_list)")"
(($(entries) < 2 * (quarter + 1500))) || fail "entries: $(entries)"
grown=$(($(memory) - before))
((grown < 8192)) || fail "the daemon grew by $grown KiB"
got=${genuine%% of*} tried=${genuine#* of }
tried=${tried%%,*}
# one that is challenged asks again after a second, of the two or so that a short flood lasts
((tried > earlier + 3 && got == tried)) || fail "genuine connections: $genuine"

say "$(cat "$work/syn.out"); $(verdict CHALLENGED) challenged, $(verdict PROVEN) proofs, $(loads opened) flows opened"
say "genuine connections meanwhile: $genuine; the first one afterwards in $after ms; daemon grew by $grown KiB"
