#!/bin/bash
# SPDX-License-Identifier: MIT
#
# commands.sh SECBAKE
#
# The command line as a stranger types it: misspelt, too much, too little, the wrong kind of
# file. Each line has its exit status and says where, what, and how to mend it.
set -uo pipefail

secbake=$(realpath "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0 tried=0

# STATUS TEXT ARGUMENT...: the exit status, and all of what standard error has ("": nothing).
says() {
	local status=$1 text=$2 was said
	shift 2
	said=$("$secbake" "$@" 2>&1 >stdout </dev/null)
	was=$?
	tried=$((tried + 1))
	[[ $was = "$status" && $said = "$text" ]] && return
	printf 'secbake %s: status %s, not %s\n  wanted: %s\n  said:   %s\n' "$*" "$was" "$status" "$text" "$said" >&2
	failed=1
}

# STATUS TEXT VERB ARGUMENT...: the same of what a verb says of its usage.
usage() {
	local text=$1 verb=$2 stop=\;
	shift 2
	[[ $text = *\? ]] && stop=
	says 2 "secbake $verb: $text$stop secbake $verb --help tells more" "$verb" "$@"
}

verbs=(compile check import emu explain disasm prove diff refresh cache features constants syscalls)

# ---- verbs, help and versions ----

version=$("$secbake" --version)
for verb in "${verbs[@]}"; do
	for words in "$verb --help" "$verb -h" "help $verb"; do
		says 0 '' $words
		grep -q "^usage: secbake $verb" stdout || { echo "secbake $words: no usage" >&2; failed=1; }
	done
	says 0 '' "$verb" --version
	[[ $(<stdout) = "$version" ]] || { echo "secbake $verb --version: not $version" >&2; failed=1; }
	usage 'there is no option --hepl; did you mean --help?' "$verb" --hepl
	usage 'there is no option --quite-another' "$verb" --quite-another=1
	usage 'there is no option -z' "$verb" -z
done
says 0 '' help
says 2 "secbake: there is no verb 'complie'; did you mean 'compile'? secbake --help lists them" complie web.json
says 2 "secbake: there is no verb 'Check'; did you mean 'check'? secbake --help lists them" Check
says 2 "secbake: there is no verb 'dif'; did you mean 'diff'? secbake --help lists them" help dif
says 2 "secbake: there is no verb 'nonsense'; secbake --help lists them" nonsense
says 2 "secbake: there is no verb ''; secbake --help lists them" ''
says 2 'secbake: --kernel stands where a verb should: secbake VERB [OPTION...]; secbake --help lists the verbs' --kernel 6.1 compile

# ---- options ----

usage 'there is no option --kernl; did you mean --kernel?' compile --kernl 6.1 web.json
usage 'there is no option --kernl; did you mean --kernel?' refresh --kernl=6.1
usage '--f may be --features or --format' compile --f=raw web.json
usage '--strict takes no value' compile --strict=yes web.json
usage "there is no capability 'SYS_PTRACE'; did you mean 'CAP_SYS_PTRACE'?" compile --cap SYS_PTRACE web.json
usage "there is no capability 'CAP_SYS_ADMN'; did you mean 'CAP_SYS_ADMIN'?" explain --cap CAP_SYS_ADMN web.json
usage "there is no capability 'everything'" diff --cap everything web.json web.json
usage '--strict takes no value' compile --stri=yes web.json
usage '--kernel needs a value' compile --kernel
usage 'there is no option --' compile --=6.1
formats='snap, minijail, systemd, oci, firecracker'
usage "from which format? give --from, one of $formats" import web.json
usage "there is no format 'x'; there are $formats" import --from x web.json
usage "there is no format 'systmd'; did you mean 'systemd'? There are $formats" import --from systmd web.json

# ---- architectures and kernels ----

all='x86_64 x86 aarch64 arm riscv64 ppc64le ppc64 ppc s390x s390 mips mipsel mips64 mipsel64 mips64n32 mipsel64n32 loongarch64 m68k parisc parisc64 sh sheb'
for pair in amd64=x86_64 x86-64=x86_64 X86_64=x86_64 SCMP_ARCH_S390X=s390x arm64=aarch64 i686=x86 armhf=arm ppc64el=ppc64le loong64=loongarch64; do
	usage "there is no architecture '${pair%=*}'; did you mean '${pair#*=}'?" features --arch "${pair%=*}"
done
usage "there is no architecture 'pdp11'; there are $all" features --arch pdp11
usage "there is no architecture 'pdp11'; there are $all" import --from oci --arch pdp11 web.json
usage 'x32 is an ABI of x86_64'\''s kernels: give x86_64' compile --arch x32 web.json
usage "there is no architecture 'amd64'; did you mean 'x86_64'?" syscalls --arch amd64
usage "there is no architecture 'amd64'; did you mean 'x86_64'?" constants --arch amd64
says 0 '' syscalls --arch x32 read
for kernel in '' x 6 6.x 70000.1 -6.1; do
	usage "--kernel wants a version such as 6.1, not '$kernel'" features --kernel "$kernel"
done
says 3 'secbake: Linux 3.4 has no seccomp filters; they came with 3.5' features --kernel 3.4

# ---- which file ----

mkdir dir policies
echo '{ "secbake": 1, "default": "errno:EPERM", "rules": [{ "syscalls": "read", "action": "allow" }] }' >web.json
printf '{ "secbake": 1, "default": "allow" }       ' >padded.json # a multiple of 8 bytes, as programs have
: >empty.json
printf 'a\0b' >nul.json
head -c 64 /dev/zero >zeros.bpf
says 0 '' compile --kernel 6.12 -o web.sbk web.json
says 0 '' compile --kernel 6.12 --format raw -o web.bpf web.json
for verb in compile check explain import; do
	words=$verb
	[[ $verb = explain ]] && words='explain --syscall read'
	[[ $verb = import ]] && words='import --from oci'
	usage 'which policy?' $words
	says 4 'dir: cannot be read: Is a directory' $words dir
	says 4 'missing: cannot be opened: No such file or directory' $words missing
	says 3 'empty.json:1: the file is empty; a policy is a JSON object' $words empty.json
	says 3 '/dev/null:1: the file is empty; a policy is a JSON object' $words /dev/null
	says 3 '(standard input):1: the file is empty; a policy is a JSON object' $words -
done
for verb in compile check explain; do
	words=$verb
	[[ $verb = explain ]] && words='explain --syscall read'
	usage "the policy's path is empty" $words ''
	[[ $verb = check ]] || says 3 'web.sbk: is a blob, which was compiled; give the JSON that it was made of' $words web.sbk
	[[ $verb = check ]] || says 3 'nul.json:1: a NUL byte; a policy is UTF-8 text' $words nul.json
done
says 4 'dir/: cannot be read: Is a directory' explain --syscall read dir/
says 4 '/: cannot be read: Is a directory' explain --syscall read /
printf '{ "secbake": 1, "default": "allow",\n"notify": { "listener": "/run/l", "metadata": "%065536d" } }' 0 >metadata.json
says 3 'metadata.json:2: /notify/metadata: 65536 bytes; "metadata" can have 65535' compile -o x.sbk metadata.json
printf '{ "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/l",\n"listenerMetadata": "%065536d" }' 0 >metadata.json
says 3 'metadata.json:2: /listenerMetadata: 65536 bytes; "listenerMetadata" can have 65535' compile -o x.sbk metadata.json
printf '\377\377\0\0\0\0\0\0' >bad.bpf # in either byte order
for pair in 'web.json bad.bpf' 'bad.bpf web.json'; do
	says 3 'bad.bpf: instruction 0 (code 0xffff, k 0x0): seccomp has no such instruction' diff $pair
done
json='is JSON, a policy, where a program or blob is wanted: secbake compile makes one of it'
for words in 'emu --syscall read' disasm; do
	usage 'which program?' $words
	says 4 'dir: cannot be read: Is a directory' $words dir
	says 4 'missing: cannot be opened: No such file or directory' $words missing
	says 4 "'': cannot be opened: No such file or directory" $words ''
	says 3 "web.json: $json" $words web.json
	says 3 "padded.json: $json" $words padded.json
	says 3 'empty.json: is neither a blob nor a program: 0 bytes are not 1 to 4096 instructions of 8 bytes' $words empty.json
	says 3 '(standard input): is neither a blob nor a program: 0 bytes are not 1 to 4096 instructions of 8 bytes' $words -
done
says 3 'zeros.bpf: instruction 7 (code 0x0, k 0x0): the last instruction must be a RET' disasm zeros.bpf
says 3 "web.json: $json" prove web.json web.bpf
says 3 'web.sbk: is a blob, which was compiled; give the JSON that it was made of' prove web.sbk web.sbk
usage 'standard input can be read once only' diff - -
usage 'standard input can be read once only' prove - -
usage 'standard input can be read once only' compile --features - -
mend='write the file with "secbake features"'
says 3 "web.json:1: this is not a line \"key value\"; $mend" features --features web.json
says 3 "(standard input): the line \"action.allow\" is missing; $mend" features --features -
says 4 'missing: cannot be opened: No such file or directory' compile --features missing -o out web.json
[[ ! -e out ]] || { echo 'an output was written' >&2; failed=1; }

# ---- where to ----

says 4 'secbake: cannot write dir: Is a directory' compile -o dir web.json
says 4 'secbake: cannot open the folder of missing/x: No such file or directory' compile -o missing/x web.json
says 4 'secbake: cannot write web.json/x: Not a directory' compile -o web.json/x web.json
says 4 'secbake: cannot write /dev/full: No space left on device' compile -o /dev/full web.json
long=$(printf 'n%.0s' {1..250})
says 3 "secbake: the file name $long is too long" compile -o "$long" web.json
usage '-o wants a file, or - for standard output' compile -o '' web.json
usage '-d wants a directory' compile -d '' web.json
says 4 'secbake: cannot open the directory web.json: Not a directory' compile -d web.json web.json
says 0 '' compile -o /dev/null web.json

printf 'read: 1\n@include ./more.policy\n' >my.policy
printf 'write: 1\n' >more.policy
ln more.policy linked.policy
cp my.policy before
usage 'my.policy would be written over, and is a source: my.policy' import --from minijail -o my.policy my.policy
usage 'linked.policy would be written over, and is a source: more.policy' import --from minijail -o linked.policy my.policy
usage 'a file of the format minijail holds one policy and no parts' import --from minijail --part x my.policy
printf '@include ./nothing\n' >lost.policy
says 3 'lost.policy:1: there is no file "nothing" to include' import --from minijail lost.policy
cmp -s my.policy before || { echo 'a source was written over' >&2; failed=1; }
says 0 '' import --from minijail -o imported.json my.policy

# ---- what does not go together, and what no option takes ----

both='--sealed and --no-complain are for blobs: they go without --format raw, c and asm'
usage "$both" compile --sealed --format raw -o out web.json
usage "$both" compile --no-complain --format c -o out web.json
usage 'a blob holds every layer and mode; --layer and --mode are for --format raw, c and asm' compile --layer 0 web.json
usage 'several --features, and -j, go with -d' compile -j 3 -o out web.json
usage 'several --kernel go without --features, of which each says a kernel, too' compile --kernel 5.10 --kernel 6.1 --features web.json -d dir web.json
usage 'one --arch at a time; for several machines give --features of each' compile --arch x86_64 --arch aarch64 -d dir web.json
usage '--root wants the directory of an image' explain --root '' --syscall read web.json
usage '-MF and -MT go with -MD' compile -MF out -o out web.json
usage '-d writes blobs, named by their policies: it goes without -o, --format, --layer and --mode' compile -d dir -o out web.json
usage '--list takes no policy' check --list web.json
usage "--dialect wants auto, oci or native, not 'ocy'" compile --dialect ocy web.json
usage "--mode wants enforce or complain, not 'complian'" compile --mode complian web.json
usage "--format wants blob, raw, c or asm, not 'elf'" compile --format elf web.json
usage "--effort wants default or best, not 'max'" compile --effort max web.json
usage "--level wants note, warning or error, not 'x'" check --level x web.json
usage "there is no check 'new-calls-without-enosis'; did you mean 'new-calls-without-enosys'?" check --ignore new-calls-without-enosis web.json
usage "there is no check 'x'; --list names them" check --ignore x web.json
usage "-j wants 1 to 256, not '0'" refresh -j 0
usage '-C wants a directory, at most 16 times' refresh -C ''
usage "there is no 'lst'; list, verify or gc" cache lst
usage '--dry-run and --all-features go with gc' cache list -n
usage "x86_64 has no call 'red'; did you mean 'read'?" emu --syscall red web.sbk
usage '99999999999 is no number of a call: they have 32 bits' emu --syscall 99999999999 web.sbk
for number in -9223372036854775809 18446744073709551616 -18446744073709551615 --1 -+1 '- 1' -; do
	usage "'$number' is not a 64-bit number" explain --syscall read --args="$number" web.json
	usage "--ip wants an address, not '$number'" emu --syscall read --ip="$number" web.sbk
done
says 0 '' explain --syscall read --args=-9223372036854775808,-1 web.json
grep -q ' read(0x8000000000000000, 0xffffffffffffffff)' stdout || { echo "explain: $(<stdout)" >&2; failed=1; }
usage 'a call has at most 6 arguments: '\''1,2,3,4,5,6,7'\' emu --syscall read --args 1,2,3,4,5,6,7 web.sbk
name='give NAME of NAME.json, up to 64 of A-Z a-z 0-9 _ . @ -, and with -P where it is'
usage "'policies/web.json' cannot name a policy: $name" refresh policies/web.json
usage "'.web' cannot name a policy: $name" refresh .web
says 4 'secbake: web.json: there is no web.json.json on the policy path (policies); put it there, or name its directory with -P
secbake: policies are named without .json: secbake refresh web' refresh -C cache -P policies web.json
says 4 'secbake: missing is not there: No such file or directory' refresh -C cache -P missing
says 3 'secbake: web.json is not a directory (symbolic links are not followed here)' refresh -C cache -P web.json

# ---- what must not reach a terminal ----

esc=$'\e' csi=$'\xc2\x9b'
says 2 "secbake: there is no verb '?[31m'; secbake --help lists them" "$esc[31m"
usage 'there is no option --?[31m' compile "--$esc[31m"
usage 'there is no option --?31m' compile "--${csi}31m"
says 4 'e?[31mé: cannot be opened: No such file or directory' compile "e$csi[31mé"
printf '{ "secbake": 1, "default": "allow", "%s31m": 1 }' "$csi" >csi.json
says 3 'csi.json:1: /?31m: a policy has no member "?31m"' compile csi.json
printf 'key%s[31m yes\n' "$esc" >esc.features
says 3 "esc.features:1: unknown key \"key?[31m\"; $mend" features --features esc.features

echo "$tried command lines"
exit $failed
