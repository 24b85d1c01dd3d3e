# shellcheck shell=bash disable=SC2154,SC2034 # netns.sh has set some, tests use others
# SPDX-License-Identifier: GPL-2.0-only
#
# The feed's web service for tests of tests/netns: source it behind netns.sh.
#
#   gw  mgmt0 172.31.0.1 ---- 172.31.0.2 eth0  feed     nginx, https://172.31.0.2
#
# The wire is none of the gateway's circuits, so nothing that the gateway does stands in the way.
#
#   feed_server_start DIR                          after lab_start; DIR is made
#   feed_server_version 2030010100 BODY [CHANGES]  what it publishes from now on, all at once
#   feed_server_fault NAME [PART...]               the fault, in version, endpoints, changes or in all
#   feed_server_good                               without it again
#   feed_server_asked [PATTERN]                    what was asked since the last fault or good:
#                                                  STATUS PATH AGENT AUTHORIZATION, or FAULT PATH
#   feed_server_forget                             forgets what was asked
#
# Faults of nginx: limited (429), limited-for (429 with $feed_wait seconds), limited-until (429 with a date
# 2 hours off), away (503 with 30 s), broken (500), moved (to a place where it is), to-http, to-self (http
# to the loopback of who asks), to-user, to-loop, page (HTML), page-json (HTML that calls itself JSON),
# expired, foreign, misnamed (certificates), not-modified (304). `gone`: nobody listens. All others are
# those of feed_server.py.
feed_url=https://172.31.0.2
feed_ca='' feed_dir='' feed_server='' feed_log=''
feed_wait=120

# A certificate for NAME (a SAN) in FILE.pem and FILE.key, by the authority AUTHORITY, from BEGIN to END.
feed_certificate() { # FILE AUTHORITY SAN BEGIN END
	local file=$feed_dir/tls/$1 ca=$feed_dir/tls/$2
	openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj "/CN=$1" \
		-keyout "$file.key" -out "$file.csr" 2>/dev/null
	: >"$ca.index"
	cat >"$ca.cnf" <<-CNF
		[ca]
		default_ca = this
		[this]
		database = $ca.index
		new_certs_dir = $feed_dir/tls
		rand_serial = yes
		default_md = sha256
		policy = any
		unique_subject = no
		[any]
		commonName = supplied
		[for]
		subjectAltName = $3
		extendedKeyUsage = serverAuth
	CNF
	openssl ca -batch -config "$ca.cnf" -cert "$ca.pem" -keyfile "$ca.key" -extensions for -notext \
		-startdate "$4" -enddate "$5" -in "$file.csr" -out "$file.pem" 2>"$file.log" ||
		fail "certificate $1: $(cat "$file.log")"
}
feed_authority() { # NAME
	openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj "/CN=$1" -days 2 \
		-addext keyUsage=keyCertSign -keyout "$feed_dir/tls/$1.key" \
		-out "$feed_dir/tls/$1.pem" 2>/dev/null ||
		fail "authority $1"
}
feed_certificates() {
	local yesterday tomorrow
	yesterday=$(date -u -d yesterday +%Y%m%d%H%M%SZ) tomorrow=$(date -u -d tomorrow +%Y%m%d%H%M%SZ)
	mkdir "$feed_dir/tls"
	feed_authority authority
	feed_authority stranger
	feed_certificate good authority IP:172.31.0.2 "$yesterday" "$tomorrow"
	feed_certificate expired authority IP:172.31.0.2 20200101000000Z 20200102000000Z
	feed_certificate foreign stranger IP:172.31.0.2 "$yesterday" "$tomorrow"
	feed_certificate misnamed authority "IP:172.31.0.3,DNS:feed.example" "$yesterday" "$tomorrow"
	feed_ca=$feed_dir/tls/authority.pem
}

# What nginx does with what is asked below one of the parts that the fault is in.
feed_nginx_fault() { # NAME
	local date
	case $1 in
	limited) echo 'return 429;' ;;
	limited-for) echo "add_header Retry-After $feed_wait always; return 429;" ;;
	limited-until)
		date=$(LC_ALL=C date -u -d '2 hours' '+%a, %d %b %Y %H:%M:%S GMT')
		echo "add_header Retry-After '$date' always; return 429;"
		;;
	away) echo 'add_header Retry-After 30 always; return 503;' ;;
	broken) echo 'return 500;' ;;
	moved) echo "rewrite ^(.*)\$ $feed_url/moved\$1 redirect;" ;;
	to-http) echo 'return 302 http://172.31.0.2:81$request_uri;' ;;
	to-self) echo 'return 302 http://127.0.0.1:81$request_uri;' ;;
	to-user) echo 'return 302 https://me:word@172.31.0.2/moved$request_uri;' ;;
	to-loop) echo "return 302 $feed_url\$request_uri;" ;;
	page) echo 'types { } default_type text/html; return 200 "<html>log in</html>";' ;;
	page-json) echo 'return 200 "\n <html>log in</html>";' ;;
	not-modified) echo 'return 304;' ;;
	*) return 1 ;;
	esac
}
feed_nginx() { # NAME PART...
	local certificate=good fault='' part locations='' dir=$feed_dir/nginx
	case $1 in
	good) ;;
	expired | foreign | misnamed) certificate=$1 ;;
	*) fault=$(feed_nginx_fault "$1") || return ;;
	esac
	shift
	(($#)) || set -- version endpoints changes files
	[[ ! $fault ]] || for part in "$@"; do
		locations+="location /$part/ { $fault }"$'\n'
	done
	mkdir -p "$dir"
	cat >"$dir/conf" <<-CONF
		worker_processes 1;
		user root;
		pid $dir/pid;
		events { worker_connections 256; }
		http {
			log_format asked '\$status \$request_uri \$http_user_agent \$http_authorization';
			access_log $feed_log asked;
			client_body_temp_path $dir/1;
			proxy_temp_path $dir/2;
			fastcgi_temp_path $dir/3;
			uwsgi_temp_path $dir/4;
			scgi_temp_path $dir/5;
			default_type application/json;
			gzip on;
			gzip_types *;
			gzip_min_length 1;
			server {
				listen 172.31.0.2:443 ssl;
				listen 127.0.0.1:81;
				listen [::1]:81;
				listen 172.31.0.2:81;
				ssl_certificate $feed_dir/tls/$certificate.pem;
				ssl_certificate_key $feed_dir/tls/$certificate.key;
				root $feed_dir/current;
				$locations
				location /moved/ { alias $feed_dir/current/; }
			}
		}
	CONF
	feed_server_run nginx -p "$dir" -e "$dir/error.log" -c "$dir/conf" -g 'daemon off;'
}
feed_server_run() {
	rm -f "$work/feed-server.out" "$work/feed-server.err"
	background feed-server feed "$@"
	feed_server=$last
	wait_for 30 feed_server_up_or_dead
	kill -0 "$feed_server" 2>/dev/null ||
		fail "the feed's server ended: $(cat "$work/feed-server.err")"
}
feed_server_up_or_dead() {
	! kill -0 "$feed_server" || quiet_on feed bash -c ': <>/dev/tcp/172.31.0.2/443'
}
feed_server_stop() {
	local pid
	[[ $feed_server ]] || return 0
	kill -TERM "$feed_server"
	wait "$feed_server" 2>/dev/null || :
	for pid in "${!started[@]}"; do # its number may be another's by the end
		[[ ${started[pid]} != "$feed_server" ]] || unset "started[pid]"
	done
	feed_server=
}
feed_server_forget() { : >"$feed_log"; }
feed_server_asked() { grep -E -- "${1:-.}" "$feed_log" || :; }

feed_server_start() {
	feed_dir=$1 feed_log=$1/asked
	mkdir -p "$feed_dir"
	ip netns add "${lab}feed"
	spaces+=(feed)
	ip -n "${lab}feed" link set lo up
	ip -n "${lab}feed" link add eth0 type veth peer name mgmt0 netns "${lab}gw"
	ip -n "${lab}feed" addr add 172.31.0.2/30 dev eth0
	ip -n "${lab}gw" addr add 172.31.0.1/30 dev mgmt0
	ip -n "${lab}feed" link set eth0 up
	ip -n "${lab}gw" link set mgmt0 up
	feed_certificates
	feed_server_good
}
feed_server_version() {
	note feed_server_version "$@"
	/usr/bin/python3 "$top/tests/lib/feed_server.py" publish "$feed_dir" "$@" ||
		fail "cannot publish $1"
}
feed_server_good() { feed_server_fault good; }
feed_server_fault() {
	note feed_server_fault "$@"
	feed_server_stop
	feed_server_forget
	[[ $1 != gone ]] || return 0
	! feed_nginx "$@" || return 0
	feed_server_run /usr/bin/python3 "$top/tests/lib/feed_server.py" serve "$feed_dir" 172.31.0.2 443 \
		"$feed_dir/tls/good.pem" "$feed_dir/tls/good.key" "$feed_log" "$@"
}
