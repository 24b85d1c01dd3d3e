#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Other kernels: the programs, the prog tests and a choice of the namespace tests of this tree, on
# Debian's cloud kernels, in an emulated machine. What the verifier of this machine's kernel takes, an
# older one need not; and those kernels have devices that this one may lack (VLANs).
#
#   tests/vm/vm.sh [SERIES...]      6.1 and 6.12 when none is named, beside each other
#   TESTS='prog netns'              what tests/run is given in there, instead of the choice below
#   LIMIT_TEST=900 LIMIT_VM=7200    seconds that a test in there has, and a machine
#   LIMIT_APT=300                   and the download of a kernel; one that takes longer cannot be had
#   PACKAGES=DIR                    where kernel packages are at hand already
#
# A kernel package is downloaded and unpacked in build/vm, never installed. The machine has no disk:
# its initramfs is this machine's own programs with their libraries, the kernel's network modules and
# the built tree (guest.sh is its init). What it prints is what tests/run prints; the kernel's console
# and the whole logs go to build/vm/SERIES/console. Under emulation times mean nothing. At the end
# stands what was shown of each kernel, as the README has it (table.py).
#
# Status 0: all held on every kernel; 1: something did not, or not all ran; 77: a kernel or the emulator cannot
# be had.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
vm=$top/build/vm
limit=${LIMIT_VM:-7200}
# What an emulator is slow at and no test asks for: byte-wise string moves, five levels of page tables.
cpu=max,-erms,-fsrm,-la57,-smap,-smep
# Loading the programs takes ten seconds under emulation, so not all there is: every verdict (prog),
# what is asked of the kernel (its netlink, FIB, neighbours, traffic control, both kinds of XDP), and
# each kind of packet once.
choice=prog
for test in kernel kernel_plan offload overtake; do choice+=" build/tests/netns/${test}_test"; done
for test in pin violation expiry stop vlan generic error cut service neighbour failover; do
	choice+=" tests/netns/$test.sh"
done
skip() {
	echo "skipped: $*"
	exit 77
}

# The programs that the tests call come with these packages. Python in its parts, without the rest.
python=$(basename "$(readlink -f /usr/bin/python3)")
packages=(bash coreutils diffutils ethtool findutils grep hostname iperf3 iproute2 iputils-ping kmod
	mount nftables procps sed tar util-linux python3-minimal "$python-minimal" "lib$python-minimal"
	"lib$python-stdlib")

# The newest of a series that apt knows, signed, not of debug symbols.
newest() {
	apt-cache pkgnames "linux-image-$1." | grep -E "^linux-image-${1//./\\.}\.[0-9].*-cloud-amd64$" |
		sort -V | tail -1
}

# What it says is in a file, what it brings in build/vm once it is whole.
apt() {
	local into status=0 left=$((until - SECONDS))
	((left > 0)) || return 1
	into=$(mktemp -d -p "$vm")
	(cd "$into" && exec timeout --foreground --kill-after=5 "$left" apt-get "$@") \
		{lock}>&- >>"$vm/download.log" 2>&1 &&
		find "$into" -name '*.deb' -exec mv -t "$vm" {} + || status=1
	rm -rf "$into"
	return $status
}

download() { # SERIES: a package of it in build/vm, its path on stdout
	local name found until turn
	found=$(find "$vm" ${PACKAGES:+"$PACKAGES"} -maxdepth 1 -name "linux-image-$1.*-cloud-amd64_*.deb" |
		sort -V | tail -1)
	if [[ ! $found ]]; then
		# one machine at a time, for apt's lists have a lock that it does not wait for
		exec {turn}>"$vm/apt"
		flock "$turn"
		until=$((SECONDS + ${LIMIT_APT:-300}))
		name=$(newest "$1")
		if [[ ! $name ]] || ! apt download -q "$name"; then
			apt update -q || :
			name=$(newest "$1")
			[[ ! $name ]] || apt download -q "$name" || :
		fi
		found=$(find "$vm" -maxdepth 1 -name "linux-image-$1.*-cloud-amd64_*.deb" | sort -V | tail -1)
	fi
	echo "$found"
}

# Once for all kernels: programs, libraries, tree.
base() { # DIRECTORY
	local root=$1 list
	rm -rf "$root"
	mkdir -p "$root"/{dev,etc,proc,root,run,sys,tmp,var/lib} "$root"/usr/{bin,sbin,lib,lib64} \
		"$root/samepath/build/tests"
	for list in bin sbin lib lib64; do ln -s "usr/$list" "$root/$list"; done
	echo 'root:x:0:0:root:/root:/bin/bash' >"$root/etc/passwd"
	{
		dpkg -L "${packages[@]}" | grep -E '^(/usr)?/(s?bin|lib)/' | grep -vE '^/usr/lib/tmpfiles|/systemd/'
		readlink -f "$(command -v bpftool)"
	} | while read -r list; do [[ -d $list && ! -L $list ]] || echo "$list"; done >"$root/list"
	tar -C / -cf - -T <(sed 's#^/##' "$root/list") 2>/dev/null |
		tar -C "$root" -xf - --keep-directory-symlink
	rm "$root/list"
	[[ -e $root/usr/bin/sh ]] || ln -s bash "$root/usr/bin/sh"
	[[ -e $root/usr/sbin/bpftool ]] || cp "$(readlink -f "$(command -v bpftool)")" "$root/usr/sbin/bpftool"
	cp -a "$top/tests" "$root/samepath/"
	cp -a "$top"/build/samepath{,.bpf.o} "$root/samepath/build/"
	cp -a "$top/build/tests"/{lib,prog,netns} "$root/samepath/build/tests/"
	find "$root/samepath/build" -name '*.d' -delete
	libraries "$root"
	install -m 755 "$top/tests/vm/guest.sh" "$root/init"
}

libraries() { # DIRECTORY: what its programs are linked with
	{
		find "$1"/usr/bin "$1"/usr/sbin "$1"/usr/lib/python3* "$1/samepath/build" -type f \
			\( -perm -100 -o -name '*.so' \) -exec ldd {} + 2>/dev/null || : # scripts have none
	} |
		grep -oE '/[^ ]+\.so[^ ]*' | grep -v ':$' | sort -u | while read -r library; do
		[[ -e $1$library ]] || install -D "$(readlink -f "$library")" "$1$library"
	done
}

unpack() { # PACKAGE DIRECTORY: kernel and modules/
	rm -rf "$2"
	mkdir -p "$2/all"
	dpkg-deb -x "$1" "$2/all"
	mv "$2"/all/boot/vmlinuz-* "$2/kernel"
	mkdir -p "$2/modules/usr"
	mv "$2/all/lib" "$2/modules/usr/lib"
	rm -rf "$2/all"
	# veth, the traffic control hooks, nftables, and what they stand on
	find "$2/modules/usr/lib/modules" -name '*.ko*' \
		! -path '*/kernel/net/*' ! -path '*/kernel/lib/*' ! -path '*/kernel/crypto/*' \
		! -path '*/drivers/net/veth*' ! -path '*/drivers/net/dummy*' -delete
	ln -s usr/lib "$2/modules/lib"
	/sbin/depmod -b "$2/modules" "$(ls "$2/modules/usr/lib/modules")" 2>/dev/null
}

boot() { # DIRECTORY WORDS-FOR-THE-KERNEL: what the machine prints
	timeout --foreground --kill-after=5 "$limit" qemu-system-x86_64 -accel tcg,thread=multi -cpu "$cpu" -smp 2 -m 1G \
		-display none -monitor none -no-reboot -nodefaults \
		-kernel "$1/kernel" -initrd "$1/initramfs" -serial "file:$1/console" -serial stdio \
		-append "console=ttyS0 quiet panic=-1 $2" </dev/null | sed -u 's/\r//g'
}

machine() { # SERIES: status 0 all held, 1 not, 77 no such kernel
	local dir=$vm/$1 package start=$SECONDS status
	package=$(download "$1")
	if [[ ! $package ]]; then
		echo "skipped Linux $1: no linux-image-$1.*-cloud-amd64 that apt can download"
		return 77
	fi
	((SECONDS - start < 10)) || echo "Linux $1 came in $((SECONDS - start)) s"
	if [[ ! -e $dir/kernel || $(cat "$dir/of" 2>/dev/null) != "$package" ]]; then
		unpack "$package" "$dir"
		echo "$package" >"$dir/of"
	fi
	{
		(cd "$vm/base" && find . -print0 | cpio --quiet -0 -o -H newc)
		(cd "$dir/modules" && find usr/lib/modules -print0 | cpio --quiet -0 -o -H newc)
	} >"$dir/initramfs"
	boot "$dir" "samepath.limit=${LIMIT_TEST:-900} samepath.tests=\"${TESTS:-$choice}\"" |
		tee "$dir/output" | grep --line-buffered -v '^status ' || :
	status=$(sed -n 's/^status //p' "$dir/output")
	rm -f "$dir/initramfs"
	if [[ ! $status ]]; then
		echo "FAILED  the machine ended without a result; the last of its console:" | tee -a "$dir/output"
		tail -5 "$dir/console"
	fi
	[[ $status == 0 ]] || echo "        its console: ${dir#"$top/"}/console"
	echo "Linux $1: $((SECONDS - start)) s"
	[[ $status == 0 ]]
}

[[ $(uname -m) == x86_64 ]] || skip "the kernels of this test are for x86-64"
command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64: 'make deps' installs it"
command -v cpio >/dev/null && [[ -x /sbin/depmod ]] || skip "no cpio or depmod: 'make deps' installs them"
command -v apt-get >/dev/null || skip "no apt-get to have kernels from"
mkdir -p "$vm"
exec {lock}>"$vm/lock"
flock "$lock" # one run at a time: they share what is below
base "$vm/base"
: >"$vm/download.log"
[[ $# -gt 0 ]] || set -- 6.1 6.12
machines=()
for series in "$@"; do
	rm -f "$vm/$series/output"
	machine "$series" > >(sed -u "s/^/$series: /") &
	machines+=($!)
done
failed=0 missing=0
for pid in "${machines[@]}"; do
	status=0
	wait "$pid" || status=$?
	((status != 77)) || missing=$((missing + 1))
	((status == 0 || status == 77)) || failed=1
done
# The table is wrong about a kernel that was not had, which is no failure of one that was.
[[ ${TESTS:-} ]] || "$top/tests/vm/table.py" table "$@" | tee "$vm/table" || ((missing)) || failed=1
((failed)) && exit 1
((missing == 0)) || skip "$missing of $# kernels could not be had: ${vm#"$top/"}/download.log"
