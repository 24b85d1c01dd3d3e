#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# RFC 4787 REQ-13a: what is too big for its way and may be fragmented is, both ways, at any MTU: in order,
# translated every one, and put together again on the far side it is what was sent.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
apply
pieces=$top/tests/lib/datagram.py
background serve chicago /usr/bin/python3 "$pieces" serve $exchange4 7100
wait_for 10 grep -q serving "$work/serve.out"
watch() { # NAME SPACE DEVICE...
	background "$1" "$2" /usr/bin/python3 "$pieces" watch "${@:3}"
	wait_for 10 grep -q watching "$work/$1.out"
}
watch out chicago c0 c1
watch in pilot eth0
mtu() { for device in "${@:2}"; do ip -n "${lab}gw" link set "$device" mtu "$1"; done; }
# Each time a flow of its own: without a daemon a flow believes in its way, and that way's MTU, for a second.
asked() {
	echo >>"$work/asked"
	on pilot /usr/bin/python3 "$pieces" ask 10.1.20.2 $((40000 + $(wc -l <"$work/asked"))) $exchange4 7100 "$@" |
		xargs
}
declare -A lines=()
forget() { for name in out in; do lines[$name]=$(wc -l <"$work/$name.out"); done; } # what was seen so far
rows() { tail -n "+$((lines[$1] + 1))" "$work/$1.out" | grep -E "$2"; }
# The fragments that a host's packet of LENGTH, which it sends by an MTU of 1500, is cut into for MTU:
# OFFSET LENGTH MORE
cut_for() {
	/usr/bin/python3 - "$@" <<-'PYTHON'
		import sys
		def pieces(begin, end, mtu):
		    step = (mtu - 20) // 8 * 8 if end - begin + 20 > mtu else end - begin
		    return [(at, min(at + step, end)) for at in range(begin, end, step)]
		length, mtu = int(sys.argv[1]) - 20, int(sys.argv[2])
		for begin, end in pieces(0, length, 1500):
		    for at, last in pieces(begin, end, mtu):
		        print(at, last - at, int(last < length))
	PYTHON
}
# pieces_are WIRE SOURCE DESTINATION LENGTH MTU: the fragments of one datagram, seen since `forget`
pieces_are() {
	local expected
	expected=$(cut_for "$4" "$5")
	these() { [[ $(rows "$1" "^$2 $3 " | cut -d' ' -f4-) == "$expected" ]]; }
	wait_for 5 these "$@"
	same "ids on $1" 1 "$(rows "$1" "^$2 $3 " | cut -d' ' -f3 | sort -u | wc -l)"
	! grep WRONG "$work/$1.out" || fail "a header on $1 is wrong"
}
pool='203\.0\.113\.(3[2-9]|4[0-7])'

# a device takes nothing larger than its own MTU: only one way at a time
for size in 1300 576 575 296 69 68; do
	say "1428 bytes to chicago at an MTU of $size"
	mtu $size er0 er1
	forget
	same "came back" 1428/60 "$(asked 1428/60)"
	pieces_are out "$pool" $exchange4 1428 $size
	mtu 1500 er0 er1

	say "and from chicago at an MTU of $size inside"
	mtu $size lan0
	forget
	same "came back" 60/1428 "$(asked 60/1428)"
	pieces_are in $exchange4 10.1.20.2 1428 $size
	mtu 1500 lan0
done

say "what is in fragments already is cut further"
for size in 1300 576; do
	mtu $size er0 er1
	forget
	same "came back" 4000/60 "$(asked 4000/60)"
	pieces_are out "$pool" $exchange4 4000 $size
	mtu 1500 er0 er1
	mtu $size lan0
	forget
	same "came back" 60/4000 "$(asked 60/4000)"
	pieces_are in $exchange4 10.1.20.2 4000 $size
	mtu 1500 lan0
done

say "every length around the edges of a fragment"
mtu 576 er0 er1
wishes=$(for length in {570..582} {1124..1140} {1490..1500}; do echo "$length/100"; done | xargs)
# shellcheck disable=SC2086 # many words
same "came back" "$wishes" "$(asked $wishes)"

say "while the next hop is not known: the first datagram gets there too"
for _ in 1 2 3; do
	for device in er0 er1; do ip -n "${lab}gw" neigh flush dev $device; done
	same "came back" 1428/60 "$(asked 1428/60)"
done
verdict_above CUT 40 || fail "cut: $(verdict CUT)"
verdict_above CUT_SENT 200 || fail "sent: $(verdict CUT_SENT)"
same "not cut" 0 "$(verdict CUT_FAILED)"
same "violations" 0 "$(circuit chicago violations)"
