#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The loader: changes are exact, all or none, by difference, and refused with a line that helps.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
pins=/sys/fs/bpf/samepath/$gateway
# Link-local addresses come by themselves, late.
settled() { (($(ip -n "${lab}gw" -6 -o addr show scope link -tentative | wc -l) >= 6)); }
wait_for 10 settled
before=$(footprint)
refused() { # PATTERN: apply is refused with a line that has it, and nothing changed
	local was
	was=$(footprint)
	if sp apply >"$work/out" 2>&1; then fail "it was applied"; fi
	grep -Eq "$1" "$work/out" || fail "does not say '$1': $(cat "$work/out")"
	unchanged "footprint" "$was"
}

say "a dry run changes nothing, and names what apply then does"
sp apply --dry-run >"$work/dry"
unchanged "footprint" "$before"
[[ ! -e $pins ]] || fail "a dry run left $pins"

say "somebody else's XDP program in the middle: everything is put back"
object=$top/build/tests/lib/pass.bpf.o
gw ip link set er2 xdpdrv object "$object" section xdp
applied=1
refused 'er2.*another XDP program'
[[ ! -e $pins ]] || fail "pins were left"
gw ip link set er2 xdpdrv off

sp apply >"$work/applied"
same "dry run" "$(cat "$work/dry")" "$(cat "$work/applied")"
[[ $(stat -c %a "$pins") == 700 ]] || fail "pins are open to others"
matches "new flow" '^chicago ' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"

say "the same again is no change"
same "second apply" "nothing to change" "$(quiet_sp apply)"

say "under -j each answer is one object, refusals too; what cannot be written is no answer"
object_of() { # the keys of what stands on stdin
	/usr/bin/python3 -c 'import json, sys; print(*sorted(json.load(sys.stdin)))'
}
same "apply -j" "changes warnings" "$(quiet_sp -j apply | object_of)"
same "apply -j, dry run" "changes warnings" "$(quiet_sp -j apply --dry-run | object_of)"
same "apply -j, a bad name" "error" "$({ quiet_sp -j -g a/b apply || :; } | object_of)"
edit 's/interface: er2,/interface: er9,/'
same "apply -j, refused" "errors warnings" "$({ quiet_sp -j apply || :; } | object_of)"
cp "$work/before.yaml" "$work/samepath.yaml"
same "stop -j, another name" "changes" "$(quiet_sp -j -g "${gateway}none" stop | object_of)"
same "stop, another name" "nothing to remove" "$(quiet_sp -g "${gateway}none" stop)"
if quiet_sp show >/dev/full 2>"$work/out"; then fail "written to a full device"; fi

say "a configuration that comes from a pipe, which can be read only once"
edit 's/udp: 300/udp: 299/'
quiet_on gw bash -c "'$samepath' -c <(cat '$work/samepath.yaml') apply" >"$work/out" 2>&1 || fail "$(cat "$work/out")"
cmp "$work/samepath.yaml" "/run/samepath/$gateway/applied.yaml" || fail "what was applied is not what is kept"
cp "$work/before.yaml" "$work/samepath.yaml"
sp apply >"$work/out"

say "a failure at the very end, behind slot and forwarding, puts both back"
slot=$(quiet_sp -j show | grep -o '"slot": *[0-9]')
edit 's/interface: er2,/interface: er1,/; s/\{interface: er1, next-hop: \[172.16.0.6[^}]*\}/{interface: er2, next-hop: 172.16.1.2}/'
mkdir "/run/samepath/$gateway/.applied.yaml.new" # the copy cannot be written
cp "$work/samepath.yaml" "$work/elsewhere.yaml"
origin=$(cat "/run/samepath/$gateway/origin")
if gw "$samepath" -c "$work/elsewhere.yaml" apply >"$work/out" 2>&1; then fail "it was applied"; fi
same "origin, from which relative feeds are looked for" "$origin" "$(cat "/run/samepath/$gateway/origin")"
refused 'Is a directory'
rmdir "/run/samepath/$gateway/.applied.yaml.new"
same "slot" "$slot" "$(quiet_sp -j show | grep -o '"slot": *[0-9]')"
cp "$work/before.yaml" "$work/samepath.yaml"
same "apply after it" "nothing to change" "$(quiet_sp apply)"

say "a failure in a later apply leaves the live slot, its attachments and its flows"
talk old pilot udp 10.1.20.2 0 $exchange4 7001
old=$(say_to old)
slot=$(quiet_sp -j show | grep -o '"slot": *[0-9]')
attached=$(quiet_on gw bpftool -j link show pinned "$pins/link_er0")
cp "$work/samepath.yaml" "$work/good.yaml"
ip -n "${lab}gw" link add new0 type veth peer name new1
gw ip link set new0 xdpdrv object "$object" section xdp
edit 's/interface: er2,/interface: new0,/'
refused 'new0.*another XDP program'
same "slot" "$slot" "$(quiet_sp -j show | grep -o '"slot": *[0-9]')"
same "attachment" "$attached" "$(quiet_on gw bpftool -j link show pinned "$pins/link_er0")"
same "old flow" "$old" "$(say_to old)"
ip -n "${lab}gw" link del new0
cp "$work/good.yaml" "$work/samepath.yaml"

say "tables of another size, and pins of another version, are refused"
edit 's/flows: [0-9]+,/flows: 4321,/'
refused 'samepath stop'
cp "$work/good.yaml" "$work/samepath.yaml"
bpftool map update pinned "$pins/version" key 0 0 0 0 value 99 0 0 0
refused 'version 99'
version=$(sed -n 's/#define CONTRACT_VERSION //p' "$top/maps/types.h")
bpftool map update pinned "$pins/version" key 0 0 0 0 value "$version" 0 0 0
mv "$pins/flow_near6" "$pins/aside"
refused 'flow_near6: is missing.*samepath stop'
mv "$pins/aside" "$pins/flow_near6"

say "survivors are not attached again"
edit 's/(outbound-pool: \[)203\.0\.113\.48\/28/\1203.0.113.64\/28/; s/(advertise: \[)203\.0\.113\.48\/28/\1203.0.113.64\/28/'
sp apply >"$work/out"
if grep -Eq 'xdp|tc |er0' "$work/out"; then fail "more than dallas changed: $(cat "$work/out")"; fi
same "attachment" "$attached" "$(quiet_on gw bpftool -j link show pinned "$pins/link_er0")"
same "old flow" "$old" "$(say_to old)"

say "stop works when pins are partly missing"
rm "$pins/links" "$pins/link_er1" "$pins/prog_samepath_guard"
sp stop >"$work/out"
wait_for 10 settled
unchanged "footprint" "$before"
[[ ! -e $pins ]] || fail "stop left $pins"
applied=
