#!/bin/bash
# SPDX-License-Identifier: MIT
# web-server: nginx with workers of another user serves files to curl, over TCP and a local
# socket, also as a proxy before itself.
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
need nginx nginx-light
need curl curl
bake web-server

site=$work/site
mkdir "$site" "$work/temp"
echo 'a page' >"$site/index.html"
head -c 3000000 /dev/urandom >"$site/large"
user=''
if [[ $EUID = 0 ]]; then
	user='user nobody nogroup;'
	getent group nogroup >/dev/null || user='user nobody;'
	getent passwd nobody >/dev/null || skip 'no user nobody to serve as'
	chmod 777 "$work/temp"
fi

# Nobody says which port is free: try some.
configure() { # PORT
	cat >"$work/nginx.conf" <<-END
		daemon off; worker_processes 2; pid $work/nginx.pid; error_log stderr notice; $user
		worker_cpu_affinity auto; worker_rlimit_nofile 512;
		events { worker_connections 64; }
		http {
			access_log $work/access.log; sendfile on; tcp_nopush on; gzip on; gzip_min_length 1;
			client_body_temp_path $work/temp/b; proxy_temp_path $work/temp/p;
			fastcgi_temp_path $work/temp/f; uwsgi_temp_path $work/temp/u; scgi_temp_path $work/temp/s;
			server {
				listen 127.0.0.1:$1; listen unix:$work/socket; root $site;
				location /again/ { proxy_pass http://unix:$work/socket:/; }
			}
		}
	END
}
fetch() {
	curl --silent --fail --max-time 20 --noproxy '*' "$@"
}

for ((try = 0; try < 10; try++)); do
	port=$((20000 + (RANDOM + $$) % 20000))
	configure "$port"
	rm -f "$work/socket"
	start web-server "$work/log" nginx -p "$work" -c "$work/nginx.conf"
	nginx=$!
	await 20 eval "fetch --unix-socket $work/socket http://x/ || ! kill -0 $nginx"
	kill -0 "$nginx" 2>/dev/null && break
	grep -q 'Address already in use' "$work/log" || break
done

if kill -0 "$nginx" 2>/dev/null; then
	[[ $(fetch "http://127.0.0.1:$port/") = 'a page' ]] || fail 'no page by TCP'
	[[ $(fetch --compressed --unix-socket "$work/socket" http://x/) = 'a page' ]] || fail 'no page by a local socket'
	fetch "http://127.0.0.1:$port/again/large" | cmp - "$site/large" || fail 'the large file differs'
	fetch -r 1000000-1000009 "http://127.0.0.1:$port/large" | cmp - <(tail -c +1000001 "$site/large" | head -c 10) ||
		fail 'a range differs'
	worker=$(pgrep -P "$nginx" 2>/dev/null | head -n1)
	[[ -z $worker ]] || grep -q '^Seccomp:[[:space:]]*2' "/proc/$worker/status" || fail 'the worker has no filter'
	kill -HUP "$nginx" # new workers, the old ones end
	await 20 grep -q 'reconfiguring' "$work/log" || fail 'nginx does not read its configuration again'
	[[ $(fetch "http://127.0.0.1:$port/") = 'a page' ]] || fail 'no page from the new workers'
	kill -QUIT "$nginx"
	wait "$nginx" || fail "nginx ends with $?"
	grep -E '\[(emerg|alert|crit)\]' "$work/log" && fail 'nginx complains'
else
	fail 'nginx does not start:'
	cat "$work/log" >&2
fi
started=()

denied web-server "${traps[@]}" socket-tcp=OK socket-raw=EPROTONOSUPPORT socket-packet=EAFNOSUPPORT \
	mmap-wx=EPERM mprotect-x=EPERM setuid-file=EPERM openat2=ENOSYS mknod-device=EPERM shmget=EPERM x32=KILL
exit "$failed"
