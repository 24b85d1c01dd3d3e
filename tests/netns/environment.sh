#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A machine that cannot: one line that says what is missing, status 2, and nothing is changed.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
install -m 755 "$samepath" "$work/samepath" # where somebody who is not root can reach it
chmod 711 "$work"
samepath=$work/samepath
pins=/sys/fs/bpf/samepath/$gateway
before=$(footprint)
refused() { # PATTERN COMMAND...: which runs samepath
	local pattern=$1 status command
	shift
	for command in apply "apply --dry-run" run; do
		status=0
		# shellcheck disable=SC2086 # words
		quiet_on gw "$@" "$samepath" -c "$work/samepath.yaml" $command >"$work/out" 2>&1 || status=$?
		same "status of $command" 2 "$status"
		same "lines of $command" 1 "$(wc -l <"$work/out")"
		matches "$command" "$pattern" "$(cat "$work/out")"
		unchanged "$command" "$before"
		[[ ! -e $pins && ! -e /run/samepath/$gateway ]] || fail "$command left something"
	done
}

say "a kernel before 6.1: uname says so"
refused '^samepath: kernel 2\.6\.[^:]+: 6\.1 or later is needed$' setarch --uname-2.6
say "a kernel without BTF"
# shellcheck disable=SC2016 # for the shell in there
refused '^samepath: /sys/kernel/btf/vmlinux: not there; .*CONFIG_DEBUG_INFO_BTF' \
	unshare -m bash -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' --
say "no bpffs"
# shellcheck disable=SC2016 # for the shell in there
refused '^samepath: /sys/fs/bpf: not mounted; run `mount -t bpf bpf /sys/fs/bpf`$' \
	unshare -m bash -c 'mount -t tmpfs none /sys/fs/bpf && exec "$@"' --
say "nobody"
refused '^samepath: this needs root$' setpriv --reuid=65534 --clear-groups
