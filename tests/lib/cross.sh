#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# samepath for arm64, made on x86-64, and the unit tests of it run under qemu's user emulation.
#
#   tests/lib/cross.sh
#
# What depends on the machine is userspace: the packet path reads no registers of a traced function, and
# its instructions are the same for both.
#
# Headers and libraries are Debian's arm64 packages, signed and from this machine's own sources, unpacked
# in build/arm64/root by an apt-get whose state, cache and list of what is installed lie in build/arm64/apt:
# for dpkg and apt of this machine nothing changes, and it stays a machine of one architecture. So does
# the emulator, which is unpacked and not installed. What is linked is put in build/arm64/out.
#
# Status 0: it compiles, is for arm64, runs, and its unit tests pass; 1: not so; 77: something cannot be had.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
cross=$top/build/arm64
root=$cross/root
gcc=aarch64-linux-gnu-gcc
unable="kernel kernel_place" # unit tests that ask the kernel
libraries=(libc6-dev linux-libc-dev libbpf-dev libelf-dev zlib1g-dev libyaml-dev libjansson-dev
	libcurl4-openssl-dev libmnl-dev libsystemd-dev libcmocka-dev)

skip() {
	echo "skipped: $*"
	exit 77
}
fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# own ARCHITECTURE COMMAND...: apt-get that knows nothing of this machine but its sources and their keys.
# How they are reached (proxies) is this machine's; what else it has apt-get do is not done.
own() {
	local home=$cross/apt/$1
	mkdir -p "$home"/{state/lists/partial,cache/archives/partial}
	touch "$home/status"
	{
		apt-config dump | grep '^Acquire::' || :
		cat <<-CONF
			APT::Architecture "$1";
			APT::Architectures { "$1"; };
			APT::Install-Recommends "false";
			APT::Sandbox::User "root";
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
			Dir::State "$home/state/";
			Dir::State::status "$home/status";
			Dir::Cache "$home/cache/";
		CONF
	} >"$home/conf"
	shift
	APT_CONFIG=$home/conf apt-get -q "$@"
}

unpack() { # PACKAGE DIRECTORY
	dpkg-deb --fsys-tarfile "$1" | tar -C "$2" -xf - --keep-directory-symlink --no-same-owner
}

# What the packages' links mean is inside of the root, whoever follows them.
relative() {
	local link
	find "$root" -type l -lname '/*' -print0 | while read -rd '' link; do
		ln -sfnr "$root$(readlink "$link")" "$link"
	done
}

sysroot() {
	local package
	[[ ! -e $root/complete || $(cat "$root/complete") != "${libraries[*]}" ]] || return 0
	echo "cross: arm64 packages, and what they need"
	own arm64 update >"$cross/log" 2>&1 || skip "no lists of arm64 packages: $(tail -1 "$cross/log")"
	own arm64 install -dy "${libraries[@]}" >>"$cross/log" 2>&1 ||
		skip "no arm64 packages in the sources of this machine: $(tail -1 "$cross/log")"
	rm -rf "$root"
	mkdir -p "$root"/usr/{bin,sbin,lib}
	ln -s usr/bin usr/sbin usr/lib "$root/"
	for package in "$cross"/apt/arm64/cache/archives/*.deb; do unpack "$package" "$root"; done
	relative
	rm "$cross"/apt/arm64/cache/archives/*.deb
	echo "${libraries[*]}" >"$root/complete"
}

emulator() { # the path of one, or nothing
	local home=$cross/emulator
	if [[ ! -x $home/usr/bin/qemu-aarch64-static ]]; then
		mkdir -p "$home"
		(cd "$home" && apt-get -q download qemu-user-static) >>"$cross/log" 2>&1 || return 0
		unpack "$home"/qemu-user-static_*.deb "$home"
		rm "$home"/*.deb
		find "$home/usr/bin" -type f ! -name qemu-aarch64-static -delete
	fi
	echo "$home/usr/bin/qemu-aarch64-static"
}

build() { # TARGET...: in build/arm64/out
	PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH='' \
		PKG_CONFIG_LIBDIR=$root/usr/lib/aarch64-linux-gnu/pkgconfig:$root/usr/share/pkgconfig \
		make -s -C "$top" -j"$(nproc)" --no-print-directory B=build/arm64/out SYSROOT="$root" \
		CC="$gcc --sysroot=$root" AR=aarch64-linux-gnu-ar "$@"
}

command -v apt-get dpkg-deb >/dev/null || skip "no apt-get to have arm64 packages from"
command -v $gcc >/dev/null || skip "no $gcc"
mkdir -p "$cross"
sysroot
units=()
for source in "$top"/tests/unit/*_test.c; do
	source=${source#"$top/"}
	units+=("build/arm64/out/${source%.c}-plain")
done
build all "${units[@]}" || fail "it does not compile"
cd "$top"
for program in build/arm64/out/samepath "${units[@]}"; do
	readelf -h "$program" | grep -q 'Machine:.*AArch64' || fail "$program is not for arm64"
done
echo "cross: $(file -b build/arm64/out/samepath | cut -d, -f1-2), and ${#units[@]} unit tests compile"

qemu=$(emulator)
[[ $qemu ]] || skip "it compiles; it did not run: no qemu-user-static can be downloaded: $(tail -1 "$cross/log")"
run() { QEMU_LD_PREFIX=$root timeout 300 "$qemu" "$@"; }
echo "cross: $(run build/arm64/out/samepath -c userspace/samepath.yaml check 2>/dev/null)"
passed=0 failed=0
for program in "${units[@]}"; do
	if [[ " $unable " == *" $(basename "$program" _test-plain) "* ]]; then
		echo "skipped ${program##*/}: the emulator does not pass netlink and ethtool on to the kernel"
		continue
	fi
	if run "$program" >"$cross/unit.log" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED  ${program##*/}"
		grep -vE '\[ +(OK|RUN) ' "$cross/unit.log" | tail -5 | sed 's/^/        /'
	fi
done
echo "cross: of the unit tests on arm64 (emulated) $passed passed, $failed failed"
((failed == 0))
