#!/bin/bash
# SPDX-License-Identifier: MIT
# container: what a distribution's tools do, as root in its container too.
. "$(dirname "$0")/lib.sh"
bake container
dir=$work/files
mkdir "$dir"
cat >"$work/tools.sh" <<'END'
set -eu
cd "$1"
mkdir tree; for i in 1 2 3; do echo "line $i" >"tree/$i"; done
tar -czf tree.tgz tree; rm -r tree; tar -xzf tree.tgz; [ "$(cat tree/2)" = 'line 2' ]
grep -rl 'line 3' tree | sed 's/3/three/' | awk -F/ '{print $2}' | grep -q three
find tree -type f -exec md5sum {} + | sort | uniq | xargs -n2 echo >/dev/null
mkfifo p; (cat p >copied) & echo x >p; wait; [ "$(cat copied)" = x ]
sh -c 'umask 077; echo y >private'; [ "$(stat -c %a private)" = 600 ]
if [ "$(id -u)" = 0 ]; then
	chown 65534:65534 private; [ "$(stat -c %u private)" = 65534 ]
	chmod u+s tree/1; [ "$(stat -c %a tree/1)" = 4644 ]
fi
nice -n 5 true; (sleep 30 & kill $!; wait) 2>/dev/null || true
grep -q '^Seccomp:.2' /proc/self/status
END
works container 'a shell with its tools' sh "$work/tools.sh" "$dir"
if [[ $EUID = 0 ]] && command -v setpriv >/dev/null; then
	works container 'becoming somebody else' setpriv --reuid 65534 --regid 65534 --clear-groups id -u
	[[ $(cat "$work/out") = 65534 ]] || fail 'setpriv does not change the user'
fi
if command -v perl >/dev/null; then
	works container 'perl with sockets' perl -MIO::Socket -e '
		my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die "listen: $!";
		my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:" . $l->sockport) or die "connect: $!";
		print {$l->accept} "hello\n"; $c->getline eq "hello\n" or die "nothing came"'
fi
for command in 'unshare --user true' 'setarch --addr-no-randomize true' 'mount -t tmpfs none /mnt'; do
	# shellcheck disable=SC2086 # words
	if command -v ${command%% *} >/dev/null; then
		under container $command >"$work/out" 2>&1 && fail "$command works"
		grep -qE 'Operation not permitted|permission denied|must be superuser' "$work/out" ||
			fail "$command says: $(cat "$work/out")"
	fi
done
denied container "${traps[@]}" socket-unix=OK socket-tcp=OK socket-packet=EPERM socket-alg=EPERM socket-vsock=EPERM x32=OK
"$work/bin/attempts" i386=OK 2>/dev/null && denied container i386=OK
exit "$failed"
