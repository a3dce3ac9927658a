// Structs that abigen must refuse; each names its fault.
#include <linux/types.h>

#pragma clang diagnostic ignored "-Wpadded"

struct hole_inside {
	__u8 first;
	__u32 second;
};

struct hole_at_end {
	__u64 first;
	__u8 second;
};

struct plain_int {
	int value;
};

struct long_in_array {
	unsigned long values[2];
};

enum colour { RED };

struct enum_field {
	enum colour colour;
};

struct pointer_field {
	void *pointer;
};

struct bits {
	__u32 low : 4;
	__u32 high : 28;
};

struct anonymous_inside {
	struct {
		__u32 a;
	} inner;
};

enum negative { MINUS = -1, PLUS = 1 };

struct hole_inside *a;
struct hole_at_end *b;
struct plain_int *c;
struct long_in_array *d;
struct enum_field *e;
struct pointer_field *f;
struct bits *g;
struct anonymous_inside *h;
enum negative *i;
