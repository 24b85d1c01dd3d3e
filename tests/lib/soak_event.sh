# shellcheck shell=bash disable=SC2154,SC2034 # netns.sh, feed.sh and soak_lab.sh have set them
# SPDX-License-Identifier: GPL-2.0-only
#
# What happens to the gateway of the soak: one function an event, event_NAME, named by `events`.
#
# An event that takes something from a circuit opens a window for it, and closes it when a new conversation
# of each family goes that way again: in windows the circuit's own traffic may fail, that of others not.
events=(reload reload feed feed neighbours neighbours kill replace flap_chicago flap_link flap_far
	flap_dallas flap_internet pool)
[[ ! ${EVENTS:-} ]] || read -ra events <<<"$EVENTS"
declare -A happened=()
filling='' # process that fills the pool
changed=0

window_open() { # TAG
	window=$(date +%s.%N)
	echo "$1 ${window:0:14}" >>"$work/windows"
}
window_close() {
	local now
	now=$(date +%s.%N)
	echo "$1 ${window:0:14} ${now:0:14}" >>"$work/windows"
}
pause() { read -rt "$1" <> <(:) || :; } # between two halves of an event, for the traffic to meet it

ip_of() { ip -n "$lab$1" "${@:2}"; } # SPACE WORDS...
says() { # CIRCUIT SPACE ask-arguments: a new conversation is answered there
	[[ $(ask "${@:2}" 2>/dev/null) == "$1 "* ]]
}
# Next hops of its links answer, and a new conversation of each family, and one from outside, where there are any.
declare -A next_hops=([chicago]='172.16.0.2 172.16.0.6 2001:db8:f:1::2 2001:db8:f:2::2' [dallas]=172.16.1.2
	[internet]='192.0.2.2 2001:db8:ff::2')
is_back() { # CIRCUIT
	local hop
	for hop in ${next_hops[$1]}; do quiet_on gw ping -q -c 1 -W 1 "$hop" || return; done
	case $1 in
	chicago)
		says chicago pilot udp 10.1.20.2 0 $exchange4 7003 &&
			says chicago pilot udp 2001:db8:10:20::2 0 $exchange6 7003 &&
			[[ $(ask chicago udp $exchange4 0 $public4 7001 2>/dev/null) == s* ]] &&
			[[ $(ask chicago udp $exchange6 0 $public6 7001 2>/dev/null) == s* ]]
		;;
	dallas) says dallas campus udp 10.2.0.2 0 $partner4 7003 ;;
	internet)
		says internet campus udp 10.2.0.2 0 $web4 7003 &&
			says internet campus udp 2001:db8:10:2::2 0 $web6 7003 &&
			[[ $(ask internet udp $web4 0 $public4 7001 2>/dev/null) == s* ]] &&
			[[ $(ask internet udp $web6 0 $public6 7001 2>/dev/null) == s* ]]
		;;
	esac
}
# The routes of a cloud, which its links took with them.
cloud_routes() { # CIRCUIT
	case $1 in
	chicago)
		for to in 203.0.113.32/28 $public4; do
			ip_of chicago route replace "$to" nexthop via 172.16.0.1 nexthop via 172.16.0.5
		done
		for to in 2001:db8:1::/64 $public6; do
			ip_of chicago -6 route replace "$to" nexthop via 2001:db8:f:1::1 nexthop via 2001:db8:f:2::1
		done
		;;
	internet)
		for to in 203.0.113.0/28 $public4; do ip_of internet route replace "$to" via 192.0.2.1; done
		for to in 2001:db8:2::/64 $public6; do ip_of internet -6 route replace "$to" via 2001:db8:ff::1; done
		;;
	esac
}
flap() { # CIRCUIT SPACE DEVICE...
	local circuit=$1 space=$2 device
	shift 2
	flapped=$circuit
	window_open "$circuit"
	for device; do ip_of "$space" link set "$device" down; done
	pause "$((RANDOM % 2)).$((RANDOM % 9 + 1))"
	for device; do ip_of "$space" link set "$device" up; done
	[[ $space == gw ]] || cloud_routes "$circuit"
	wait_for 30 is_back "$circuit"
	window_close "$circuit"
}
event_flap_chicago() { flap chicago gw er0 er1; }
event_flap_link() { flap chicago gw er$((RANDOM % 2)); }
event_flap_far() { flap chicago chicago c0 c1; }
event_flap_internet() { flap internet internet i0; }
event_flap_dallas() { # not beside what fills its pool
	if [[ $filling ]]; then took_place=0; else flap dallas gw er2; fi
}

event_neighbours() {
	local devices=(er0 er1 er2 wan0 lan0 lan1) n
	for n in 1 2 3 4; do
		ip_of gw neigh flush dev "${devices[RANDOM % 6]}"
		pause 0.1
	done
}

slot() { quiet_sp -j show | grep -o '"slot": *[0-9]'; }
switched() { [[ $(slot) != "$1" ]]; }
# The rule that comes and goes sends nothing elsewhere.
changes=("s/fragment: 30/fragment: 20/" "s/fragment: 20/fragment: 30/"
	's/^( *- )(\{from: \[campus\], to: \[any\])/\1{from: [pilot], to: [any], circuits: [internet], otherwise: drop}\n\1\2/'
	'/from: \[pilot\], to: \[any\]/d')
event_reload() {
	local was
	edit "${changes[changed++ % 4]}" 2>/dev/null
	if ((RANDOM % 2)) && [[ $daemon_build == "$samepath" ]]; then
		was=$(slot)
		kill -HUP "$daemon"
		wait_for 15 switched "$was"
	else
		quiet_sp apply >"$work/out" 2>&1 || fail "apply: $(cat "$work/out")"
	fi
}
event_feed() {
	feed_version $((feed_now + 1))
	if ((RANDOM % 2)); then quiet_sp feed fetch >"$work/out" 2>&1 || fail "feed fetch: $(cat "$work/out")"; fi
	wait_for 30 maps_hold "$feed_now" # by the daemon else
}
event_replace() {
	[[ $samepath == "$one" ]] && samepath=$twin || samepath=$one
	quiet_sp apply >"$work/out" 2>&1 || fail "apply of the other build: $(cat "$work/out")"
	grep -q '^programs replace' "$work/out" || fail "replaced nothing: $(cat "$work/out")"
}
soak_daemon() {
	daemon_start 2>/dev/null
	daemon_build=$samepath
	echo "$daemon" >"$work/daemon.pid"
}
# Not in the second half of a long run: what a daemon takes is judged by a life that is long.
event_kill() {
	if ((length >= 300 && SECONDS - begun >= length / 2)); then
		took_place=0
		return
	fi
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
	pause "0.$((RANDOM % 9 + 1))"
	soak_daemon
}
# Goes on beside what comes next, until what fills the pool has died of its silence.
event_pool() {
	local protocol=udp
	if [[ $filling ]]; then
		took_place=0
		return
	fi
	exhausted=$(verdict POOL_EXHAUSTED)
	((RANDOM % 2)) || protocol=tcp
	background "fill-$((++fills))" campus /usr/bin/python3 "$top/tests/lib/soak_load.py" fill pool-$protocol "$work/windows" \
		$protocol 10.2.0.2 $partner4 7002 $((3 * pool_ports)) $slack
	filling=$last
}
fills=0
pool_look() { # the one that fills, if it is done
	local said more
	[[ $filling ]] && ! kill -0 "$filling" 2>/dev/null || return 0
	wait "$filling" || fail "filling the pool: $(cat "$work/fill-$fills".{out,err})"
	filling=
	said=$(cat "$work/fill-$fills.out")
	matches "filling the pool" '^[0-9]+ (udp|tcp) opened, 10 refused, room again' "$said"
	more=$(($(verdict POOL_EXHAUSTED) - exhausted))
	((more >= 10)) || fail "the pool refused no ten, but $more: $said"
	say "pool: $said"
}
pool_idle() { pool_look; [[ ! $filling ]]; }

# events_deal: the next round of events in an order of its own, into `deck`
events_deal() {
	local n other kept
	deck=("${events[@]}")
	for ((n = ${#deck[@]} - 1; n > 0; n--)); do
		other=$((RANDOM % (n + 1)))
		kept=${deck[n]} deck[n]=${deck[other]} deck[other]=$kept
	done
}
# What a wire lost since the last event explains silence, of whoever may have been on it; a circuit that flaps has
# a window of its own.
wires_told() {
	local since=$looked now tag
	wires_look "$flapped"
	now=$(date +%s.%N)
	looked=${now:0:14}
	for tag in "${!wires_lost[@]}"; do
		wires_sum=$((wires_sum + wires_lost[$tag]))
		echo "$tag $since $looked lost" >>"$work/windows"
	done
}
wires_sum=0
deck=()
event_next() {
	((${#deck[@]})) || events_deal
	event=${deck[0]}
	deck=("${deck[@]:1}")
	echo "at $((SECONDS - begun)) s: $event" >&2
	flapped='' took_place=1
	"event_$event"
	if ((took_place)); then
		happened[$event]=$((${happened[$event]:-0} + 1))
	else
		note "not now: $event"
	fi
}
