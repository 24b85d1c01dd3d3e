#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Real conversations on live wires, and at the same time what can be made of their frames: spoilt in every
# way, repeated, quoted and sent back, thousands a second from inside and on every circuit (mutate.c).
# Nothing honest breaks, no inside address is on a circuit wire, quoted or not, the tables stay in pairs,
# and the kernel has nothing to say.
# MUTATE=10 seconds of it, RATE=2000 frames a second on each of five wires, SEED= has the same choices again.
# Alone: it sends at rate.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/kernel_said.sh
. "$(dirname "$0")/../lib/kernel_said.sh"
# shellcheck source=tests/lib/wires.sh
. "$(dirname "$0")/../lib/wires.sh"
length=${MUTATE:-10} rate=${RATE:-2000} seed=${SEED:-$RANDOM}
kernel_listen
export TALK_DEAF=1 # an error that quotes a conversation is true as far as its host can tell, but ends no socket
judged=-q
lab_start
# What is spoilt opens some twenty flows a second in the name of each host, which may hold a sixteenth of the
# half-open ones: half of that would do. After ten minutes the first have gone.
room=$((50000 + 600 * (length < 600 ? length : 600)))
edit "s/limits: .*/limits: {flows: $((2 * room)), flows-per-host: $room, half-open: $room}/"
wires_wait # a question over UDP is asked once
other4=10.1.20.9 other6=2001:db8:10:20::9 # a host has its share of half-open flows, and what is spoilt opens many
ip -n "${lab}pilot" addr add $other4/24 dev eth0
ip -n "${lab}pilot" addr add $other6/64 dev eth0 nodad
daemon_start
for space in chicago internet; do
	background "bulk-$space" "$space" /usr/bin/python3 "$top/tests/lib/bulk.py" serve 5300
	wait_for 10 grep -q serving "$work/bulk-$space.out"
done

say "conversations that stay, of both protocols and families"
hold tcp4 pilot tcp 10.1.20.2 20 $exchange4 7001
hold udp4 pilot udp 10.1.20.2 20 $exchange4 7001
hold tcp6 campus tcp 2001:db8:10:2::2 20 $web6 7001
hold udp6 campus udp 2001:db8:10:2::2 20 $web6 7001
first_ones() { # WHEN
	local name
	for name in tcp4 udp4 tcp6 udp6; do same "$1: $name" "20 as before" "$(say_to $name)"; done
}
flows=$(flow_list)
(($(wc -l <<<"$flows") >= 80)) || fail "fewer flows than conversations: $flows"

say "and those that come and go: new ones, echoes; then the frames of all of them, seed $seed"
keep fresh pilot fresh $other4 $exchange4 $other6 $exchange6 20
for space in pilot campus; do quiet_on $space sysctl -qw net.ipv4.ping_group_range="0 0"; done
background echo4 pilot /usr/bin/python3 "$top/tests/lib/talk.py" echo 10.1.20.2 $exchange4 10 "$length"
background echo6 campus /usr/bin/python3 "$top/tests/lib/talk.py" echo 2001:db8:10:2::2 $web6 10 "$length"
echoes=("${started[-2]}" "${started[-1]}")
dictionary=(10.1.20.2 10.2.0.2 10.1.20.1 203.0.113.1 203.0.113.33 203.0.113.49 172.16.0.1 192.0.2.1 "$exchange4"
	"$web4" 127.0.0.1 0.0.0.0 255.255.255.255 224.0.0.1 192.168.7.7 2001:db8:10:20::2 2001:db8:10:2::2
	2001:db8:1::1 2001:db8:2::1 2001:db8:ff::1 "$exchange6" "$web6" ::1 :: ff02::1 fe80::1 ::ffff:10.1.20.2)
mutators=()
mutate() { # SIDE SPACE DEVICE DEVICE-OF-GATEWAY
	background "mutate-$4" "$2" "$top/build/tests/lib/mutate" "$1" "$3" "$(mac gw "$4")" "$length" "$rate" \
		"$((seed + ${#mutators[@]}))" "${dictionary[@]}"
	mutators+=("$last")
}
mutate inside pilot eth0 lan0
mutate inside campus eth0 lan1
mutate circuit chicago c0 er0
mutate circuit chicago c1 er1
mutate circuit internet i0 wan0
wires_look
begun=$SECONDS rounds=0
while ((SECONDS - begun < length)); do
	first_ones "after $((SECONDS - begun)) s"
	same "2 MiB each way, IPv4" whole "$(on pilot /usr/bin/python3 "$top/tests/lib/bulk.py" ask 10.1.20.2 $exchange4 5300)"
	same "2 MiB each way, IPv6" whole \
		"$(on campus /usr/bin/python3 "$top/tests/lib/bulk.py" ask 2001:db8:10:2::2 $web6 5300)"
	kernel_quiet "after $((SECONDS - begun)) s"
	rounds=$((rounds + 1))
done
for pid in "${mutators[@]}"; do wait "$pid" || fail "a mutator ended by itself: $(cat "$work"/mutate-*.err)"; done
for pid in "${echoes[@]}"; do wait "$pid" || fail "echoes: $(cat "$work"/echo?.err)"; done
for near in lan0 lan1 er0 er1 wan0; do say "$near: $(cat "$work/mutate-$near.out")"; done

wires_look
lost=0
for tag in "${!wires_lost[@]}"; do lost=$((lost + wires_lost[$tag])); done
say "wires lost $lost frames themselves"

say "nothing honest has broken"
first_ones "at the end"
same "flows that were lost" "" "$(flows_lost "$flows" "$(flow_list)")"
echo >&"${talks_to[fresh]}"
fresh=$(cat <&"${talks_from[fresh]}")
unanswered=$(grep -vE '^chicago (203\.0\.113\.32/28|2001:db8:1::/64) ' <<<"$fresh" || :)
if grep -vE '^udp .* TimeoutError' <<<"$unanswered" | grep -q . || (($(grep -c . <<<"$unanswered") > lost)); then
	fail "new conversations, of which UDP may lose what wires lost ($lost): $unanswered"
fi
same "families of new conversations" 2 "$(grep -c ^chicago <<<"$fresh")"
for family in 4 6; do
	read -r answered _ asked _ <"$work/echo$family.out"
	((asked >= 5 * length && asked - answered <= lost)) || fail "echoes, IPv$family: $answered of $asked answered, wires lost $lost"
done
daemon_running || fail "the daemon ended"
say "$rounds rounds; new conversations: ${fresh//$'\n'/, }"
say "verdicts: $(quiet_sp -j show | /usr/bin/python3 -c '
import json, sys
print(*(row["verdict"] for row in json.load(sys.stdin)["verdicts"] if int(row["packets"])))')"

say "and when all has ended nothing of it stays"
sp flow flush all >"$work/flushed" || fail "$(cat "$work/flushed")"
empty() { [[ $(counted tables table flows4 entries) == 0 && $(counted tables table flows6 entries) == 0 ]]; }
wait_for 30 empty
same "halves without the other" "" "$(grep 'sweep' "$work/daemon.err" || :)"
kernel_quiet "at the end"
