/* SPDX-License-Identifier: MIT */
/*
 * Policies with NOTIFY, from their text to an agent that answers: what the agent is sent, field
 * by field against "The Container Process State" of the OCI runtime specification
 * (config-linux.md; "state": runtime.md). test_exec_notify_calls.c has the descriptor beside it.
 */
#include "tests/lib/exec_world.h"
#include "tests/lib/notify_world.h"

#include <unistd.h>

/* ---- the policy ---- */

#define NATIVE                                                                            \
	"{\"secbake\": 1, \"default\": \"allow\", \"notify\": {\"listener\": \"%s\"%s}, " \
	"\"rules\": [{\"syscalls\": [\"getsid\"], \"action\": \"notify\"}]}"

/* ---- the state, field by field ---- */

static void test_state(void **state)
{
	struct session s;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	compile_oci("");
	start(&s, 0);
	receive(&s);
	assert_fields(&s, NULL);
	refuse_and_end(&s);
	compile_oci("\"listenerMetadata\": \"MKNOD=/dev/null,/dev/net/tun\", ");
	start(&s, 0);
	receive(&s);
	assert_fields(&s, "MKNOD=/dev/null,/dev/net/tun");
	refuse_and_end(&s);
}

static void test_native_policy(void **state)
{
	struct session s;
	char text[1024];

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	snprintf(text, sizeof(text), NATIVE, in_top("agent"), ", \"metadata\": \"m\"");
	compile(text);
	start(&s, 0);
	receive(&s);
	assert_fields(&s, "m");
	refuse_and_end(&s);
}

/* What the policy's author wrote is what the agent reads, whatever it is. */
static void metadata_arrives(const char *metadata)
{
	json_t *policy =
		json_pack("{s:s, s:s, s:s, s:[{s:[s], s:s}]}", "defaultAction", "SCMP_ACT_ALLOW",
			  "listenerPath", in_top("agent"), "listenerMetadata", metadata, "syscalls",
			  "names", "getsid", "action", "SCMP_ACT_NOTIFY");
	char *text = json_dumps(policy, JSON_ENSURE_ASCII);
	struct session s;

	assert_non_null(text);
	compile(text);
	free(text);
	json_decref(policy);
	start(&s, 0);
	receive(&s);
	assert_fields(&s, metadata);
	refuse_and_end(&s);
}

static void test_metadata(void **state)
{
	static char every[256], longest[6001];
	size_t used = 0;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	for (char c = 1; c > 0 && c < 0x7f; c++)
		every[used++] = c;
	every[used++] = 0x7f;
	metadata_arrives(every); /* quotes, backslashes and controls among them */
	metadata_arrives("\"");
	metadata_arrives("\\\\\"\\u0022\\n");
	metadata_arrives("</script>\n\t\r\b\f");
	metadata_arrives("\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80 \xe2\x80\xa8 \xef\xbf\xbf");
	metadata_arrives("{\"pid\": 1}, \"pid\": 1");
	memset(longest, '\n', sizeof(longest) - 1);
	longest[2500] = '\0'; /* six bytes each as JSON */
	metadata_arrives(longest);
	memset(longest, 'x', sizeof(longest) - 1);
	metadata_arrives(longest);
}

/* More than the loader has room for: told while nothing is in force. */
static void test_metadata_too_long(void **state)
{
	static char longest[3000];
	struct blob b = simple();
	int listening;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	memset(longest, 1, sizeof(longest) - 1);
	b.layer[0].filter_flags = SECBAKE_FLAG_NEW_LISTENER;
	b.listener_path = in_top("agent");
	b.listener_metadata = longest;
	put_blob(entry("c1", "test"), &b);
	listening = listen_here();
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("the policy's listenerMetadata is too long to be handed over");
	not_said("ran\n");
	close(listening);
}

int main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_state),
		T(test_native_policy),
		T(test_metadata),
		T(test_metadata_too_long),
	};
	ssize_t length;

	if (argc == 2 && !strcmp(argv[1], "--ask"))
		return ask();
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length <= 0)
		snprintf(self, sizeof(self), "%s", argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
