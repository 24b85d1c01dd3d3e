#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The client side of feeds against a real server over HTTPS: what it asks, and what it makes of every
# fault, in bounded time and memory.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed_server.sh
. "$top/tests/lib/feed_server.sh"

# Only the gateway's namespace: none of what it carries has a part in this.
((EUID == 0)) || skip "needs root"
tool=$top/build/tests/lib/feed_ask
[[ -x $tool ]] || fail "no $tool: run make tests"
unset "${!http_proxy@}" https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
spaces=(gw)
work=$(mktemp -d)
trap lab_end EXIT
ip netns add "${lab}gw"
ip -n "${lab}gw" link set lo up
feed_server_start "$work/feed"

body=$top/tests/data/feeds/microsoft365.json
size=$(stat -c %s "$body")
cat >"$work/changes.json" <<'JSON'
[{"id": 1, "endpointSetId": 1, "disposition": "Change", "version": "2030010100", "add": {"ips": ["198.18.1.0/24"]}},
 {"id": 2, "endpointSetId": 1, "disposition": "Change", "version": "2030020100", "remove": {"ips": ["198.18.1.0/24"]}}]
JSON

# ask WORDS...: what the tool says, with the authority of the test; nothing when it hangs
asked=
ask() { asked=$(on "${from:-gw}" timeout 70 "$tool" -o "$work/body" "$1" "$2" "ca=$feed_ca" "${@:3}" || :); }
get() { ask get "$feed_url/endpoints/Worldwide" "$@"; }
poll() { ask poll "$feed_url" "$@"; }
value() { sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" <<<"$asked"; }
why() { echo "${asked#*why=}"; }
# expect RESULT WORDS-OF-WHY
expect() {
	same "result ($asked)" "$1" "$(value result)"
	matches "why" "$2" "$(why)"
	((${#asked} < 500)) || fail "more than a line: $asked"
}
refused() { # RESULT WORDS: an error, and nothing of a body
	expect "$@"
	same "body ($asked)" no "$(value body)"
	[[ $(why) ]] || fail "no reason is given"
}
paths() { feed_server_asked | awk '{print $2}' | sed 's/?.*//' | xargs; }

feed_server_version 2030010100 "$body" "$work/changes.json"

say "a body comes whole, unpacked, with its tags, and is not sent twice"
get
expect 0 '^$'
same size "$size" "$(value size)"
cmp "$body" "$work/body"
etag=$(value etag)
matches etag '^W?/?".*"$' "$etag"
get "etag=$etag"
expect 0 '^$'
same unchanged 1 "$(value unchanged)"
same body no "$(value body)"
get 'etag="another"'
same unchanged 0 "$(value unchanged)"
same size "$size" "$(value size)"
get $'etag="x"\r\nX-Odd: 1' # would be a header of its own
expect 0 '^$'
same "agent and authorization" "samepath/0.1 -" "$(feed_server_asked | awk '{print $3, $4}' | sort -u)"

say "of exactly the limit is taken, one byte less is not"
get "most=$size"
expect 0 '^$'
get "most=$((size - 1))"
refused EFBIG "more than $((size - 1)) bytes when unpacked"

say "no credentials of the machine are used"
printf 'machine 172.31.0.2 login me password word\n' >"$work/.netrc"
feed_server_forget
asked=$(on gw env "HOME=$work" "$tool" get "$feed_url/version/Worldwide" "ca=$feed_ca")
expect 0 '^$'
same "authorization" "200 /version/Worldwide samepath/0.1 -" "$(feed_server_asked)"
asked=$(on gw "$tool" get "https://me:word@172.31.0.2/version/Worldwide" "ca=$feed_ca" || :)
refused EINVAL 'user or password'

say "plain http: to the machine itself only, and past every proxy"
ask get http://172.31.0.2:81/version/Worldwide
refused EINVAL 'plain http to another machine'
from=feed
for host in 127.0.0.1 localhost '[::1]'; do
	asked=$(on feed env http_proxy=http://127.0.0.1:9 ALL_PROXY=http://127.0.0.1:9 \
		"$tool" get "http://$host:81/version/Worldwide" || :)
	expect 0 '^$'
done
from=
asked=$(on gw env https_proxy=http://127.0.0.1:9 "$tool" get "$feed_url/version/Worldwide" "ca=$feed_ca" || :)
refused ECONNREFUSED 'refused' # so it is used

say "certificates: only that of a known authority, in date, for this name"
for fault in expired foreign misnamed; do
	feed_server_fault $fault
	get
	refused EACCES 'is accepted$'
	same "requests of $fault" "" "$(feed_server_asked)"
	case $fault in
	expired) matches why 'expired' "$(why)" ;;
	foreign) matches why 'issuer|self.signed' "$(why)" ;;
	misnamed) matches why "172.31.0.2|subject" "$(why)" ;;
	esac
done
feed_server_good
asked=$(on gw "$tool" get "$feed_url/version/Worldwide" || :)
refused EACCES 'is accepted' # the system's authorities do not know the test's
asked=$(on gw "$tool" get "$feed_url/version/Worldwide" "ca=$work/none" || :)
refused EACCES 'PEM file'

say "the statuses"
feed_server_fault limited
get
refused EAGAIN '429.*3600 s'
same wait 3600 "$(value wait)"
feed_server_fault limited-for
get
refused EAGAIN '429.*120 s'
same wait 120 "$(value wait)"
feed_wait=1000000
feed_server_fault limited-for
get
same wait 86400 "$(value wait)"
feed_server_fault limited-until
get
refused EAGAIN 429
(($(value wait) > 7100 && $(value wait) <= 7200)) || fail "two hours are $(value wait) s"
feed_server_fault away
get
refused EAGAIN '503.*30 s'
feed_server_fault broken
get
refused EPROTO '500; 200 is accepted'
same wait 0 "$(value wait)"
ask get "$feed_url/nowhere"
refused EPROTO 404
feed_server_fault not-modified
get
refused EPROTO '304'

say "redirects"
feed_server_fault moved
get
expect 0 '^$'
same size "$size" "$(value size)"
feed_server_fault to-http
get
refused EPROTO 'http://172.31.0.2:81.*https is accepted'
same "requests" "302 /endpoints/Worldwide samepath/0.1 -" "$(feed_server_asked)"
feed_server_fault to-self
from=feed
get
from=
refused EPROTO 'http://127.0.0.1:81.*https is accepted'
feed_server_fault to-user
get
refused EPROTO 'user or password'
feed_server_fault to-loop
get
refused EPROTO 'more than 3 times'
same "requests of a loop" 4 "$(feed_server_asked | wc -l)"

say "pages"
for fault in page page-json; do
	feed_server_fault $fault
	get
	refused EPROTO 'web page'
done

say "bodies that are cut, damaged, too long"
feed_server_fault cut
get
refused EPROTO 'cut off'
feed_server_fault cut-chunk
get
refused EPROTO '.'
feed_server_fault long
get
refused EPROTO 'cut off'
feed_server_fault short # what is beyond the announced length is nobody's
get
expect 0 '^$'
same size $((size - 10)) "$(value size)"
feed_server_fault gzip-cut
get
refused EPROTO 'gzip ends too early'
feed_server_fault gzip-odd
get
refused EPROTO 'gzip'
feed_server_fault headers
get
refused EFBIG 'headers'

say "a gigabyte, in little memory"
feed_server_fault bomb
get timeout=60
refused EFBIG 'more than 16777216 bytes when unpacked'
(($(value grown) < 32768)) || fail "memory grew by $(value grown) KiB"
feed_server_fault flood
get timeout=60
refused EFBIG 'more than 16777216 bytes$'
(($(value grown) < 32768)) || fail "memory grew by $(value grown) KiB"
feed_server_fault huge
get timeout=60
refused EFBIG 'announces more than 16777216 bytes'
(($(value grown) < 16384)) || fail "memory grew by $(value grown) KiB"

say "servers that take their time"
slow() { # FAULT FROM TO: milliseconds that it may take
	feed_server_fault "$1"
	local start took
	start=$(date +%s%N)
	get timeout=3
	took=$((($(date +%s%N) - start) / 1000000))
	refused ETIMEDOUT '.'
	((took >= $2 && took < $3)) || fail "$1 took $took ms, not $2 to $3"
}
slow silent 1000 2500 # a third, to be connected
slow mute 1000 2900   # half, in whole seconds, with next to nothing
slow slow 1000 2900
slow drip 3000 4500 # all
feed_server_fault gone
get
refused ECONNREFUSED 'refused'
ip -n "${lab}gw" link set mgmt0 down
get
refused ENETUNREACH 'unreachable'
ip -n "${lab}gw" link set mgmt0 up
ask get https://feed.invalid/
refused EHOSTUNREACH 'feed.invalid'

say "a poll: the version first, the rest only when it has moved"
feed_server_good
poll
expect 0 '^$'
same version 2030010100 "$(value version)"
same body "$size" "$(value body)"
same changes 0 "$(value changes)"
same asked "/version/Worldwide /endpoints/Worldwide" "$(paths)"
feed_server_forget
poll version=2030010100
expect 0 '^$'
same unchanged 1 "$(value unchanged)"
same asked "200 /version/Worldwide?clientrequestid=01234567-89ab-4cde-8f01-23456789abcd samepath/0.1 -" \
	"$(feed_server_asked)"
feed_server_forget
poll version=2030010100 always=1
same unchanged 0 "$(value unchanged)"
same body "$size" "$(value body)"
same asked "/version/Worldwide /endpoints/Worldwide" "$(paths)"
feed_server_version 2030020100 "$body" "$work/changes.json"
feed_server_forget
poll version=2030010100 areas=Exchange 'tenant=a&b c' ipv6=0
expect 0 '^$'
same version 2030020100 "$(value version)"
(($(value changes) > 100)) || fail "no changes: $asked"
same asked "/version/Worldwide /endpoints/Worldwide /changes/Worldwide/2030010100" "$(paths)"
same "what was asked" \
	"/endpoints/Worldwide?clientrequestid=01234567-89ab-4cde-8f01-23456789abcd&ServiceAreas=Exchange&TenantName=a%26b%20c&NoIPv6=true" \
	"$(feed_server_asked endpoints | awk '{print $2}')"
feed_server_forget
poll version=2030030100 # the server has gone back: the body is got, no changes are
same version 2030020100 "$(value version)"
same asked "/version/Worldwide /endpoints/Worldwide" "$(paths)"

say "parts of a poll that fail"
feed_server_fault limited endpoints
poll version=2030010100
expect EAGAIN '^endpoints: .*429'
same wait 3600 "$(value wait)"
same version 2030020100 "$(value version)"
same body 0 "$(value body)"
same asked "/version/Worldwide /endpoints/Worldwide" "$(paths)"
feed_server_fault cut endpoints
poll version=2030010100
expect EPROTO '^endpoints: cut off'
same body 0 "$(value body)"
feed_server_fault limited changes
poll version=2030010100
expect 0 '^changes: .*429'
same wait 3600 "$(value wait)"
same body "$size" "$(value body)"
same changes 0 "$(value changes)"
feed_server_fault broken version
poll version=2030010100
expect EPROTO '^version: answered 500'
same asked "/version/Worldwide" "$(paths)"
feed_server_good
for odd in '{"latest": "203001010"}' '{"latest": 2030010100}' '[]' 'nothing' '{"latest": "2030010100"' ''; do
	echo "$odd" >"$feed_dir/current/version/Worldwide"
	poll
	expect EPROTO '^version: .*is accepted'
done
echo '[{"new": {"a": 1}, "latest": "2030020100", "instance": "Worldwide"}]' >"$feed_dir/current/version/Worldwide"
poll version=2030020100
same unchanged 1 "$(value unchanged)"

say "a poll of one document asks on condition"
mkdir "$feed_dir/current/files"
cp "$top/tests/data/feeds/cidr-lines.txt" "$feed_dir/current/files/list"
ask poll "$feed_url/files/list" format=4
expect 0 '^$'
same version - "$(value version)"
etag=$(value etag)
ask poll "$feed_url/files/list" format=4 "etag=$etag"
same unchanged 1 "$(value unchanged)"
ask poll "$feed_url/files/list" format=4 "etag=$etag" always=1
same unchanged 0 "$(value unchanged)"
same asked "200 304 200" "$(feed_server_asked files | awk '{print $1}' | xargs)"
