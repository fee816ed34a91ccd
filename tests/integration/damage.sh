#!/bin/bash
# SPDX-License-Identifier: MIT
#
# damage.sh SECBAKE SECBAKE-EXEC DAMAGE
#
# A blob of the compiler's with each of its bits flipped, cut and grown to each length, and,
# signed again, with each section moved and resized: `secbake cache verify` refuses every one
# and says which damage it is. What else verify complains about has its own words, too. The
# loader runs nothing by any of a sample of them.
set -uo pipefail
umask 022

secbake=$(realpath "$1") exec=$(realpath "$2") damage=$(realpath "$3")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
failed=0
fail() {
	printf 'damage: %s\n' "$*" >&2
	failed=$((failed + 1))
	[[ $failed -lt 10 ]] || exit 1
}

mkdir "$work/policies"
cat >"$work/policies/web.json" <<-'END'
	{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"],
	  "listenerPath": "/run/a", "listenerMetadata": "m",
	  "syscalls": [{ "names": ["read"], "action": "SCMP_ACT_ALLOW" },
	               { "names": ["mount"], "action": "SCMP_ACT_NOTIFY" }] }
END
hash=$("$secbake" features --hash)
"$secbake" refresh -q -C "$work/good" -P "$work/policies" || exit 1
blob=$work/good/$hash/web.sbk
set_of=$work/cache/$hash
mkdir -p "$set_of"
cp "$work/good/$hash/features" "$set_of"

"$damage" "$blob" "$set_of" | LC_ALL=C sort -t $'\t' -k 1,1 >"$work/expected" || exit 1
count=$(wc -l <"$work/expected")
[[ $count -gt 10000 ]] || fail "only $count damaged blobs were made"
"$secbake" cache verify -C "$work/cache" >"$work/said" 2>"$work/stderr"
was=$?
[[ $was = 1 ]] || fail "verify has status $was: $(cat "$work/stderr")"
[[ $(tail -n 1 "$work/said") = "$count blobs: 0 ok, $count not" ]] || fail "$(tail -n 1 "$work/said")"
sed -n "s|^$set_of/\([^:]*\)\.sbk: |\1\t|p" "$work/said" | LC_ALL=C sort -t $'\t' -k 1,1 >"$work/reasons"
LC_ALL=C join -t $'\t' "$work/expected" "$work/reasons" |
	awk -F '\t' '!index($3, $2) { print "  " $1 ": not \"" $2 "\" but \"" $3 "\"" }' >"$work/wrong"
[[ $(wc -l <"$work/reasons") = "$count" ]] || fail 'verify is silent about some'
[[ ! -s $work/wrong ]] || fail "$(wc -l <"$work/wrong") have another reason than expected:
$(head -n 20 "$work/wrong")"

# The loader, with each kind of damage in the place of the blob.
for name in $(cut -f 1 "$work/expected" | awk -F - '{ kind = $1 "-" $2; if ($1 == "flip") kind = "flip-" int($2 / 16)
	else if ($1 == "cut" || $1 == "grown") kind = $1 "-" int($2 / 64); if (!seen[kind]++) print }'); do
	mkdir -p "$work/one/$hash"
	cp "$set_of/$name.sbk" "$work/one/$hash/web.sbk"
	said=$("$exec" --no-compile -C "$work/one" -P "$work/policies" web -- /bin/echo ran 2>&1)
	was=$?
	[[ $was = 125 && $said != *ran* ]] || fail "the loader, $name: status $was: $said"
done

# What is wrong with a whole blob.
rm -rf "$work/cache"
mkdir -p "$set_of"
cp "$work/good/$hash/features" "$set_of"
says() { # WHAT REASON: of the one blob there is
	local said
	said=$("$secbake" cache verify -C "$work/cache" 2>&1)
	[[ $? = 1 && $said = *"$2"* ]] || fail "$1: not \"$2\" but: $said"
}
cp "$blob" "$set_of/other.sbk"
says 'under another name' 'other.sbk: it is the blob of the policy web'
mv "$set_of/other.sbk" "$set_of/web.sbk"
said=$("$secbake" cache verify -C "$work/cache") || fail "a good blob: $said"
chmod 664 "$set_of/web.sbk"
says 'writable by the group' 'can be written by group or others'
rm "$set_of/web.sbk"
ln -s "$blob" "$set_of/web.sbk"
says 'a link' 'is a symbolic link'
rm "$set_of/web.sbk"
mkfifo "$set_of/web.sbk"
says 'a FIFO' 'is not a regular file'
rm "$set_of/web.sbk"
truncate -s $((16 * 1024 * 1024 + 1)) "$set_of/web.sbk"
says 'too large' 'more than 16777216 bytes'
rm "$set_of/web.sbk"
if "$secbake" compile -P "$work/policies" --arch aarch64 --kernel 6.1 -o "$set_of/web.sbk" \
	"$work/policies/web.json" 2>/dev/null && [[ $(uname -m) = x86_64 ]]; then
	says 'of another architecture' 'it is for aarch64, the kernel is for x86_64'
fi
echo "$count damaged blobs"
exit $((failed > 0))
