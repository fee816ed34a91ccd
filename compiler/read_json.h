/* SPDX-License-Identifier: MIT */
/*
 * A JSON document with the place of each value. Two passes make it: read_scan.c
 * walks the text for structure, places and exact numbers; read_json.c has
 * jansson check and decode what is left (UTF-8, escapes, duplicate members) and
 * joins both. Neither trusts the other: they must agree on every value.
 */
#ifndef SB_READ_JSON_H
#define SB_READ_JSON_H

#include <secbake/compile.h>

#include "arena.h"
#include "report.h"

enum sb_json_type {
	SB_JSON_NULL = 0,
	SB_JSON_BOOL,
	SB_JSON_NUMBER,
	SB_JSON_STRING,
	SB_JSON_ARRAY,
	SB_JSON_OBJECT,
};

enum sb_json_number {
	SB_JSON_INTEGER = 0, /* magnitude and negative hold it exactly */
	SB_JSON_BIG,	     /* an integer beyond 64 bits */
	SB_JSON_REAL,	     /* written with a fraction or an exponent */
};

/*
 * Nodes of a document lie in one array in document order: a container is
 * followed by its children, each with its own behind it.
 */
struct sb_json {
	uint8_t type;	/* enum sb_json_type */
	uint8_t number; /* enum sb_json_number */
	bool negative;	/* the literal has a minus, -0 too */
	bool truth;	/* of a SB_JSON_BOOL */
	uint32_t line, column;
	uint32_t name_line, name_column; /* of the member's name; 0: no member */
	uint32_t span;			 /* nodes from here to the next sibling's */
	uint32_t up;			 /* nodes back to the parent; 0: the root */
	uint32_t index;			 /* among its siblings */
	uint32_t count;			 /* children */
	const char *name;		 /* of the member, NULL in arrays; ends with NUL */
	uint32_t name_size, text_size;
	const char *text;   /* of a string, ends with NUL; literal of a number, does not */
	uint64_t magnitude; /* of a number */
};

/* Everything that reading needs at hand. */
struct sb_reader {
	struct sb_arena *arena;
	struct sb_report report;
};

/*
 * Parses text: one JSON value with at most white space around it. root is
 * written only on success and lives in the arena; text may go.
 * SECBAKE_ERR_INPUT: not JSON, not UTF-8, a NUL inside a string, a member given
 * twice; SECBAKE_ERR_LIMIT: size or depth.
 */
enum secbake_status sb_json_parse(const struct sb_reader *reader, const struct secbake_text *text,
				  const struct sb_json **root);

/* Children in order; NULL at the end. */
const struct sb_json *sb_json_first(const struct sb_json *container);
const struct sb_json *sb_json_next(const struct sb_json *child);
#define sb_json_each(child, container)                                      \
	for (const struct sb_json *child = sb_json_first(container); child; \
	     child = sb_json_next(child))

/* The member of that name, or NULL; object may be of any type. */
const struct sb_json *sb_json_member(const struct sb_json *object, const char *name);

/*
 * The same of an object; null is absent, and a name that differs only by case
 * an error, as for sb_json_fields().
 */
enum secbake_status sb_json_only_member(const struct sb_reader *reader,
					const struct sb_json *object, const char *name,
					const struct sb_json **found);

/* "an object", "a string" ... for messages */
const char *sb_json_type_name(enum sb_json_type type);

/*
 * The RFC 6901 pointer of a node, written into buffer from its end; too long
 * ones lose their start.
 */
const char *sb_json_pointer(const struct sb_json *node, char *buffer, size_t size);
#define SB_JSON_POINTER_MAX 1024

/* A node's place, its pointer in the arena. False: out of memory. */
bool sb_json_place(const struct sb_reader *reader, const struct sb_json *node,
		   struct sb_place *place);

/* A place for a message that is made at once; holds pointers into itself. */
struct sb_json_spot {
	struct sb_place place;
	char buffer[SB_JSON_POINTER_MAX];
};
const struct sb_place *sb_json_spot(struct sb_json_spot *spot, const struct sb_json *node);
/* The same at the member's name. */
const struct sb_place *sb_json_name_spot(struct sb_json_spot *spot, const struct sb_json *node);

#define sb_json_fail(reader, node, status, ...)                                                  \
	({                                                                                       \
		struct sb_json_spot spot_;                                                       \
		sb_fail(&(reader)->report, sb_json_spot(&spot_, (node)), (status), __VA_ARGS__); \
	})
/* An error of the input that has a name (SECBAKE_CODE_...). */
#define sb_json_fail_as(reader, node, code_, ...)                                                  \
	({                                                                                         \
		struct sb_json_spot spot_;                                                         \
		sb_fail_as(&(reader)->report, sb_json_spot(&spot_, (node)), (code_), __VA_ARGS__); \
	})
#define sb_json_warn(reader, node, ...)                                                \
	({                                                                             \
		struct sb_json_spot spot_;                                             \
		sb_warn(&(reader)->report, sb_json_spot(&spot_, (node)), __VA_ARGS__); \
	})
#define sb_json_warn_as(reader, node, code_, ...)                                                  \
	({                                                                                         \
		struct sb_json_spot spot_;                                                         \
		sb_warn_as(&(reader)->report, sb_json_spot(&spot_, (node)), (code_), __VA_ARGS__); \
	})

/* A member that an object may have. */
struct sb_json_field {
	const char *name;
	enum sb_json_type type;
	bool required;
};

/*
 * Finds the members of object: found[i] is fields[i]'s value, NULL when it is
 * absent or null (a required one: an error). Wrong types, and names that differ
 * from a known one only by case, are errors: Go's readers would take them.
 * Other unknown members are warnings. what names the object in messages.
 */
enum secbake_status sb_json_fields(const struct sb_reader *reader, const struct sb_json *object,
				   const char *what, const struct sb_json_field *fields,
				   size_t count, const struct sb_json **found);

/* value must be of that type; an error names what. */
enum secbake_status sb_json_expect(const struct sb_reader *reader, const struct sb_json *value,
				   enum sb_json_type type);

/* An integer 0..max; value must be a number. */
enum secbake_status sb_json_unsigned(const struct sb_reader *reader, const struct sb_json *value,
				     uint64_t max, uint64_t *out);

/* read_scan.c, for read_json.c: structure and places; strings stay undecoded. */
struct sb_json_scan {
	struct sb_json *node;
	uint32_t count;
	char *blank; /* the text with every number replaced by 0, so that jansson takes any */
};
enum secbake_status sb_json_scan(const struct sb_reader *reader, const struct secbake_text *text,
				 struct sb_json_scan *scan);

#endif
