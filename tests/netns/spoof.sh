#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Ten thousand packets for a live flow on another circuit, with every combination of flags: it does not
# move and does not die, whoever opened it.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_services
lab_start
daemon_start
count=${SPOOFS:-10000}

forge() { # SPACE DEVICE DEVICE-OF-GATEWAY SRC SPORT DST DPORT
	on "$1" /usr/bin/python3 "$top/tests/lib/talk.py" forge "$2" "$(mac gw "$3")" "${@:4}" "$count"
}
refused() { echo $(($(circuit chicago violations) + $(verdict BAD_FLAGS))); }
all_refused() { (($(refused) == $1)); }

# attack NAME SRC SPORT DST DPORT: what the conversation's far end would say, said on the other circuits
attack() {
	local name=$1 before answer flows from
	shift
	answer=$(say_to "$name")
	flows=$(flow_list)
	for from in "internet i0 wan0" "dallas d0 er2"; do
		[[ $1 != *:* || $from != dallas* ]] || continue
		before=$(refused)
		# shellcheck disable=SC2086 # three words
		forge $from "$@"
		wait_for 20 all_refused $((before + count))
		same "$name: what it hears" "$answer" "$(say_to "$name")"
		same "$name: flows lost" "" "$(flows_lost "$flows" "$(flow_list)")"
	done
}

say "opened from outside, on chicago"
talk in4 chicago tcp 198.18.1.10 45001 $public4 7000
matches "in4" '^s[123] 192\.168\.1\.' "$(say_to in4)"
attack in4 198.18.1.10 45001 $public4 7000
talk in6 chicago tcp 2001:db8:e::10 45001 $public6 7000
matches "in6" '^s[123] 2001:db8:10:f1:' "$(say_to in6)"
attack in6 2001:db8:e::10 45001 $public6 7000

say "opened from inside, on chicago"
talk out4 pilot tcp 10.1.20.2 0 $exchange4 7000
read -r _ address port <<<"$(say_to out4)"
attack out4 $exchange4 7000 "$address" "$port"

say "and under monitor, which lets through but learns nothing: not even where the flow is"
edit '/name: chicago/,/advertise/s/^    table/    enforce: monitor\n&/'
apply
answer=$(say_to in4)
on internet /usr/bin/python3 "$top/tests/lib/talk.py" inject i0 "$(mac gw wan0)" tcp 198.18.1.10 45001 \
	$public4 7001 S
wait_for 5 verdict_above FORWARDED 0
same "in4: circuit" "chicago" "$(flow circuit src 198.18.1.10 dport 7000 proto tcp)"
same "in4: what it hears" "$answer" "$(say_to in4)"
