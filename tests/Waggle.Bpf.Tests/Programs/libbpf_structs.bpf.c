// Not to run: the layouts of the option and info structs as the installed headers have them, for LibbpfStructsTests.
#define __x86_64__ // libc's headers ask for 32-bit stubs on an architecture they do not know
#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

struct bpf_object_open_opts *a;
struct bpf_map_create_opts *b;
struct bpf_map_batch_opts *c;
struct bpf_obj_get_opts *d;
struct bpf_link_update_opts *e;
struct bpf_test_run_opts *f;
struct bpf_prog_load_opts *g;
struct bpf_map_info *h;
struct bpf_prog_info *i;
struct bpf_btf_info *j;
struct __sk_buff *k;
