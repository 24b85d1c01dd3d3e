# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion for samepath. Commands and verbs come from `samepath --words`, so they cannot drift apart;
# names of circuits and services come from the gateway itself, where one runs and may be read.

# The program as it is being called, its options for file and gateway included.
_samepath_ask() {
	"${COMP_WORDS[0]}" "${given[@]}" "$@" 2>/dev/null
}

# Two lines of heading, then a circuit or a service a line, until an empty one ends the table.
_samepath_names() {
	_samepath_ask "$1" show | awk '!NF { exit } NR > 2 { print $1 }'
}

_samepath() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local i word command='' verb='' count=0 words=''
	local -a given=()

	COMPREPLY=()
	# What stands before the cursor: options with a value take the next word with them.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-c | --config | -g | --gateway)
			((i + 1 < COMP_CWORD)) && given+=("$word" "${COMP_WORDS[i + 1]}")
			i=$((i + 1)) ;;
		-*) ;;
		*)
			count=$((count + 1))
			case $count in
			1) command=$word ;;
			2) verb=$word ;;
			esac ;;
		esac
	done

	case $prev in
	-c | --config | --textfile | --before)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--csv)
		mapfile -t COMPREPLY < <(compgen -W 'outbound inbound' -- "$cur")
		return ;;
	--proxy | --location | --to | --from | --count | --timeout) return ;;
	-g | --gateway)
		words=$(ls /sys/fs/bpf/samepath 2>/dev/null)
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		return ;;
	esac

	if [[ $cur == -* ]]; then
		words='-c --config -g --gateway -j --json -h --help -V --version'
		case $command in
		apply) words+=' --dry-run' ;;
		circuit) [[ $verb != test ]] || words+=' --to --from --count --timeout --trace' ;;
		doctor) words+=' --all' ;;
		run) words+=' --textfile' ;;
		show) words+=' --prometheus' ;;
		verify) words+=' --paths' ;;
		plan) words+=$(_samepath_plan "$verb") ;;
		feed) [[ $verb != fetch ]] || words+=' --force' ;;
		esac
	elif [[ $command == verify || ($command == plan && $count -gt 1) ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	elif ((count == 0)); then
		words=$(_samepath_ask --words | awk '{ print $1 }')
	elif ((count == 1)); then
		words=$(_samepath_ask --words | awk -v c="$command" '$1 == c { $1 = ""; print }')
	else
		words=$(_samepath_values "$command" "$verb" "$prev" "$count")
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

# Options of an artefact.
_samepath_plan() {
	case $1 in
	graph) echo ' --svg' ;;
	catalogue) echo ' --csv' ;;
	pac) echo ' --proxy --location' ;;
	prefix-lists) echo ' --bird --frr' ;;
	dns) echo ' --before' ;;
	esac
}

# Words behind a verb: COMMAND VERB PREVIOUS COUNT
_samepath_values() {
	local filters='src dst address pool server sport dport port proto circuit class service opened state'

	case $1 in
	circuit | service)
		(($4 > 2)) || _samepath_names "$1" ;;
	feed)
		[[ $2 == drift ]] || (($4 > 2)) || _samepath_names feed ;;
	flow)
		# Filters are pairs of a word and a value.
		if (($4 % 2 == 0)); then
			echo "$filters"
			[[ $2 != flush || $4 -gt 2 ]] || echo all
			return
		fi
		case $3 in
		proto) echo tcp udp icmp gre esp sctp ;;
		state) echo half-open established closing udp icmp other dead ;;
		opened) echo inside outside hairpin ;;
		circuit | service) _samepath_names "$3" ;;
		esac ;;
	esac
}

complete -F _samepath samepath
