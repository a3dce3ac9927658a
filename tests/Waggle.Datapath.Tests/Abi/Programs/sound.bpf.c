// What abigen understands: nesting, arrays, big-endian types, unions, flags, constants.
#include <linux/types.h>

struct inner_part {
	__be32 id;
	__u16 parts[2];
};

union either_way {
	__u64 whole;
	struct inner_part part;
};

struct outer_part {
	struct inner_part first;
	union either_way either;
	struct inner_part more[3];
	__s8 tiny;
	__u8 pad[7];
};

enum some_flags { SOME_ON = 1, SOME_OFF = 2, SOME_2X = 4 };
enum abi_constants { ABI_LIMIT_OF_ALL = 7 };

struct outer_part *a;
enum some_flags *b;
enum abi_constants *d;
