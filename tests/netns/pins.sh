#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Pins that are not this program's are refused in one line that says what to do, and nothing changes;
# so is a machine where there can be none.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
pins=/sys/fs/bpf/samepath/$gateway

say "no bpffs: one line, and nothing is done"
before=$(footprint)
bare() { quiet_on gw unshare -m sh -c 'umount /sys/fs/bpf && exec "$@"' sh "$samepath" -c "$work/samepath.yaml" "$@"; }
refused() { # PATTERN COMMAND...: status 2, one line that has it
	local pattern=$1 status=0
	shift
	"$@" >"$work/said" 2>&1 || status=$?
	same "status of $*" 2 $status
	same "lines of $*" 1 "$(wc -l <"$work/said")"
	matches "what $* says" "$pattern" "$(cat "$work/said")"
}
for words in apply run; do refused '/sys/fs/bpf: not mounted; run .mount -t bpf' bare $words; done
refused 'nothing is applied here' bare show
unchanged "without bpffs" "$before"
[[ ! -e /run/samepath/$gateway ]] || fail "it left /run/samepath/$gateway"

say "a gateway with a flow"
apply
talk old pilot udp 10.1.20.2 0 $exchange4 7001
old=$(say_to old)
matches "old" '^chicago ' "$old"
before=$(footprint)
works() {
	unchanged "$1" "$before"
	same "$1: the old flow" "$old" "$(say_to old)"
}

say "bpffs of another mount namespace: who is there sees no gateway, and undoes none"
hidden() { # COMMAND...
	ip netns exec "${lab}gw" sh -c 'mount -t bpf bpf /sys/fs/bpf && exec "$@"' sh "$samepath" -c "$work/samepath.yaml" "$@"
}
for words in apply run stop doctor show "explain udp 10.1.20.2:1 $exchange4:7001 on lan0" "circuit drain chicago"; do
	# shellcheck disable=SC2086 # words
	refused "it runs, but $pins is not to be seen here, as in .ip netns exec.; .nsenter --net=. keeps" hidden $words
done
works "looked at from where its pins are hidden"

right=$(bpftool map lookup pinned "$pins/version" key 0 0 0 0 | grep -o '"value": *[0-9]*' | grep -o '[0-9]*$')
((right > 0 && right < 99)) || fail "what version is that: $right"
say "a version that this program does not know"
bpftool map update pinned "$pins/version" key 0 0 0 0 value 99 0 0 0
for words in apply run "apply --dry-run"; do
	# shellcheck disable=SC2086 # two words
	refused "pins of version 99, this program knows [0-9]+: run .samepath stop. first" quiet_sp $words
done
for words in show "flow show" "circuit drain chicago" "event watch"; do
	# shellcheck disable=SC2086
	refused "its maps are of version 99, this program knows [0-9]+" quiet_sp $words
done
bpftool map update pinned "$pins/version" key 0 0 0 0 value "$right" 0 0 0
works "another version"
same "the right version again" "nothing to change" "$(quiet_sp apply)"

say "each map in turn, with another of other size or type in its place"
was=$before
count=0
aside=/sys/fs/bpf/$lab-aside
for pin in "$pins"/*; do
	name=${pin##*/}
	[[ $name != prog_* && $name != link_* && $name != version ]] || continue
	mv "$pin" "$aside"
	bpftool map create "$pin" type hash key 12 value 20 entries 3 name stranger
	now=$(footprint)
	refused "$name.*: run .samepath stop. first|limits\.flows: map $name holds" quiet_sp apply
	unchanged "after apply with another $name" "$now"
	rm "$pin"
	mv "$aside" "$pin"
	count=$((count + 1))
done
((count > 25)) || fail "only $count maps"
say "$count maps tried"
same "footprint" "$was" "$(footprint)"
works "strange maps"
same "the right ones again" "nothing to change" "$(quiet_sp apply)"

say "something that is no map at all"
mv "$pins/verdicts" "$aside"
bpftool prog load "$top/build/tests/lib/pass.bpf.o" "$pins/verdicts" type xdp
refused 'verdicts' quiet_sp apply
refused 'verdicts' quiet_sp show
rm "$pins/verdicts"
mv "$aside" "$pins/verdicts"
works "a program in a map's place"

say "the list of verdicts of an older build is shorter: a longer one goes on with what it counted"
rm "$pins/verdicts"
bpftool map create "$pins/verdicts" type percpu_array key 4 value 16 entries 60 name verdicts
bpftool map update pinned "$pins/verdicts" key 0 0 0 0 value 7 0 0 0 0 0 0 0 9 0 0 0 0 0 0 0
apply
counted=$(verdict FORWARDED)
((counted > 0 && counted % 7 == 0)) || fail "counted: $counted"
same "longer: the old flow" "$old" "$(say_to old)"
verdict_is FORWARDED $((counted + 2)) || fail "counted: $(verdict FORWARDED)"
same "longer" "nothing to change" "$(quiet_sp apply)"

say "stop gets rid of strange pins too"
rm "$pins/drains"
bpftool map create "$pins/drains" type hash key 12 value 20 entries 3 name stranger
bpftool map update pinned "$pins/version" key 0 0 0 0 value 99 0 0 0
sp stop
[[ ! -e $pins ]] || fail "it left $(ls "$pins")"
apply
matches "and all is well" '^chicago ' "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"
