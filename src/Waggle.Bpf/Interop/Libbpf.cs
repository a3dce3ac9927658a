using System.Runtime.InteropServices;
using Waggle.Linux;

namespace Waggle.Bpf.Interop;

/// <summary>
/// Raw tier over libbpf.so.1 (headers <c>bpf/libbpf.h</c>, <c>bpf/bpf.h</c>, <c>bpf/btf.h</c>). C names are kept.
/// libbpf 1.x returns <c>-errno</c>; functions that return a pointer return NULL and set errno.
/// </summary>
internal static unsafe partial class Libbpf
{
    private const string Lib = "libbpf.so.1";

    // --- bpf/libbpf.h: process-wide -------------------------------------------------------------------------------
    [LibraryImport(Lib)] internal static partial uint libbpf_major_version();
    [LibraryImport(Lib)] internal static partial uint libbpf_minor_version();
    [LibraryImport(Lib)] internal static partial void* libbpf_set_print(delegate* unmanaged[Cdecl]<int, byte*, void*, int> fn);
    [LibraryImport(Lib)] internal static partial int libbpf_num_possible_cpus();
    [LibraryImport(Lib)] internal static partial int libbpf_probe_bpf_map_type(int mapType, void* opts);
    [LibraryImport(Lib)] internal static partial int libbpf_probe_bpf_helper(int progType, int helperId, void* opts);

    // --- objects ---------------------------------------------------------------------------------------------------
    [LibraryImport(Lib, SetLastError = true)] internal static partial nint bpf_object__open_mem(void* buf, nuint size, BpfObjectOpenOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_object__load(SafeBpfObject obj);
    [LibraryImport(Lib)] internal static partial void bpf_object__close(nint obj);
    [LibraryImport(Lib)] internal static partial nint bpf_object__btf(SafeBpfObject obj);
    [LibraryImport(Lib)] internal static partial nint bpf_object__next_program(SafeBpfObject obj, nint prev);
    [LibraryImport(Lib)] internal static partial nint bpf_object__find_map_by_name(SafeBpfObject obj, byte* name);
    [LibraryImport(Lib)] internal static partial nint bpf_object__next_map(SafeBpfObject obj, nint prev);
    [LibraryImport(Lib)] internal static partial byte* btf__raw_data(nint btf, uint* size);

    // --- programs --------------------------------------------------------------------------------------------------
    [LibraryImport(Lib)] internal static partial byte* bpf_program__name(nint prog);
    [LibraryImport(Lib)] internal static partial byte* bpf_program__section_name(nint prog);
    [LibraryImport(Lib)] internal static partial int bpf_program__type(nint prog);
    [LibraryImport(Lib)] internal static partial byte bpf_program__autoload(nint prog);
    [LibraryImport(Lib)] internal static partial int bpf_program__set_autoload(nint prog, byte autoload);
    [LibraryImport(Lib)] internal static partial int bpf_program__fd(nint prog);
    [LibraryImport(Lib)] internal static partial nuint bpf_program__insn_cnt(nint prog);
    [LibraryImport(Lib)] internal static partial int bpf_program__set_log_level(nint prog, uint level);

    // --- maps of an object -----------------------------------------------------------------------------------------
    [LibraryImport(Lib)] internal static partial byte* bpf_map__name(nint map);
    [LibraryImport(Lib)] internal static partial int bpf_map__type(nint map);
    [LibraryImport(Lib)] internal static partial int bpf_map__fd(nint map);
    [LibraryImport(Lib)] internal static partial uint bpf_map__key_size(nint map);
    [LibraryImport(Lib)] internal static partial uint bpf_map__value_size(nint map);
    [LibraryImport(Lib)] internal static partial uint bpf_map__max_entries(nint map);
    [LibraryImport(Lib)] internal static partial int bpf_map__set_max_entries(nint map, uint max);
    [LibraryImport(Lib)] internal static partial uint bpf_map__map_flags(nint map);
    [LibraryImport(Lib)] internal static partial uint bpf_map__btf_key_type_id(nint map);
    [LibraryImport(Lib)] internal static partial uint bpf_map__btf_value_type_id(nint map);
    [LibraryImport(Lib)] internal static partial ulong bpf_map__map_extra(nint map);
    [LibraryImport(Lib)] internal static partial byte bpf_map__is_internal(nint map);
    [LibraryImport(Lib)] internal static partial byte bpf_map__autocreate(nint map);
    [LibraryImport(Lib)] internal static partial int bpf_map__set_autocreate(nint map, byte autocreate);
    [LibraryImport(Lib)] internal static partial int bpf_map__reuse_fd(nint map, FileDescriptor fd);
    [LibraryImport(Lib)] internal static partial byte* bpf_map__pin_path(nint map);
    [LibraryImport(Lib)] internal static partial int bpf_map__set_pin_path(nint map, byte* path);
    [LibraryImport(Lib)] internal static partial int bpf_map__set_inner_map_fd(nint map, FileDescriptor fd);
    [LibraryImport(Lib)] internal static partial nint bpf_map__inner_map(nint map);
    [LibraryImport(Lib)] internal static partial byte* bpf_map__initial_value(nint map, nuint* size);
}
