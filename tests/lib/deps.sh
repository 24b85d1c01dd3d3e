#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs what building and testing need and this machine lacks: Debian 12, Ubuntu 24.04.
#
#   tests/lib/deps.sh [PACKAGE...]    these instead of the list below
#
# Nothing is started or enabled by it: packages start their daemons when they are installed, so
# policy-rc.d says no for that long, and units that the installation enabled are disabled again.
# No kernel, no mail server, nothing that is only recommended. Does nothing where all is there.
set -euo pipefail

packages=(
	make             # the Makefile
	gcc              # userspace
	libc6-dev        # its headers
	clang            # the packet path; a second opinion on userspace
	pkg-config       # where the libraries are
	libbpf-dev       # loading, maps, bpf_helpers.h
	libelf-dev       # libbpf reads objects with it
	zlib1g-dev       # and sections with this
	libyaml-dev      # the configuration, with line and column
	libjansson-dev   # the feed, and JSON output
	libcurl4-openssl-dev # feeds over HTTPS
	libmnl-dev       # rules, routes, neighbours, links
	libsystemd-dev   # readiness, watchdog, event loop
	linux-libc-dev   # UAPI headers of packets and netlink
	libcmocka-dev    # unit tests
	iproute2         # namespaces of the tests
	ethtool          # their offloads
	tcpdump          # a look at their wires by hand
	iperf3           # load
	nginx-light      # servers whose logs say who came
	curl             # clients
	wrk              # ten thousand of them
	iputils-ping     # clients
	iputils-tracepath # hops, as people look at them
	traceroute       # the same
	stun-client      # what a client finds out about the NAT
	coturn           # the server that tells it, on two addresses; and another such client
	nftables         # the rival in the bench; the lab's firewalls
	libpacparser1    # evaluates PAC files as browsers do
	bird2            # the lab's routers speak BGP
	python3-aiosmtpd # the lab's mail servers: a daemon that is nobody's MTA and brings no unit
	openssl          # the lab's certificate
	python3          # reports, small senders
	python3-scapy    # packets that no socket would send
	procps           # sysctl
	strace           # ends a process at a chosen system call
	util-linux       # nsenter
	shellcheck       # lint of scripts
	cppcheck         # lint of C
)
# Without these something is skipped, and says so: they are asked for, and not insisted on.
wanted=(
	qemu-system-x86  # other kernels
	cpio             # their initramfs
	graphviz         # draws a plan
	kmod             # their modules
)
only=${1:-}
[[ ! $only ]] || packages=("$@") wanted=()

installed() { [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null || :) == *' installed' ]]; }

missing=()
for package in "${packages[@]}"; do
	# nginx has flavours; any of them will do
	installed "$package" || [[ $package == nginx-light && -x /usr/sbin/nginx ]] || missing+=("$package")
done

lacking=()
for package in "${wanted[@]}"; do installed "$package" || lacking+=("$package"); done

# bpftool makes the skeleton. Debian has it by itself, Ubuntu among the tools of a kernel, behind a
# wrapper that knows those of the running kernel only; the Makefile looks for any that runs.
bpftool_runs() {
	local tool
	for tool in /usr/lib/linux-tools/*/bpftool /usr/lib/linux-tools-*/bpftool /usr/sbin/bpftool; do
		[[ ! -x $tool ]] || ! "$tool" version >/dev/null 2>&1 || return 0
	done
	return 1
}
if [[ ! $only ]] && ! bpftool_runs; then
	# shellcheck disable=SC1091 # a file of the machine
	if [[ $(. /etc/os-release && echo "$ID") == ubuntu ]]; then
		missing+=(linux-tools-common linux-tools-generic)
	else
		missing+=(bpftool)
	fi
fi

# clang brings the runtimes of its sanitizers only as a recommendation. Which clang that is, apt knows
# when it has lists or clang is there.
runtimes() {
	local version
	version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -1)
	[[ -z $version ]] || installed "libclang-rt-$version-dev" || echo "libclang-rt-$version-dev"
}
runtime=
[[ $only ]] || runtime=$(runtimes)
[[ ${#missing[@]} -gt 0 || ${#lacking[@]} -gt 0 || $runtime ]] || exit 0

echo "missing packages: ${missing[*]} ${lacking[*]} $runtime"
if ((EUID)); then
	[[ ${#missing[@]} -gt 0 || $runtime ]] || exit 0
	echo "deps: installing them needs root: run 'sudo make deps'" >&2
	exit 1
fi

policy=/usr/sbin/policy-rc.d made=
enabled() {
	{ find /etc/systemd/system /etc/rc?.d -type l 2>/dev/null || :; } | sort # either may not exist
}
before=$(enabled)
finish() {
	[[ -z $made ]] || rm -f "$policy"
	# what the installation enabled is disabled again; what was there before stays as it was
	comm -13 <(echo "$before") <(enabled) | while read -r link; do
		case $link in
		/etc/systemd/system/*.wants/*) rm -f "$link"; echo "not enabled: ${link##*/}" ;;
		/etc/rc?.d/S*) name=${link##*/S[0-9][0-9]}
			update-rc.d "$name" disable >/dev/null 2>&1 || rm -f "$link" ;;
		esac
	done
}
trap finish EXIT
if [[ ! -e $policy ]]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	made=1
	chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 # Ubuntu would restart services
log=$(mktemp)
get() { apt-get install -qy -o DPkg::Lock::Timeout=300 --no-install-recommends "$@"; }
install() {
	apt-get update -q || return
	[[ $only ]] || runtime=$(runtimes)
	# shellcheck disable=SC2086 # one word or none
	get "${missing[@]}" $runtime
}
if ! install >"$log" 2>&1 && [[ ${#missing[@]} -gt 0 || $runtime ]]; then
	tail -20 "$log" >&2
	echo "deps: apt-get failed, the whole log is $log" >&2
	exit 1
fi
if [[ ${#lacking[@]} -gt 0 ]] && ! get "${lacking[@]}" >>"$log" 2>&1; then
	echo "deps: goes on without ${lacking[*]}: $(tail -1 "$log")" >&2
fi
rm -f "$log"
