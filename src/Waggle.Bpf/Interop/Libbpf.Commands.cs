using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Waggle.Bpf.Interop;

/// <summary>The fd-level commands of <c>bpf/bpf.h</c>; all return 0 (or a new fd) or <c>-errno</c>.</summary>
internal static unsafe partial class Libbpf
{
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_map_create(int type, string name, uint keySize, uint valueSize, uint maxEntries, BpfMapCreateOpts* opts);

    [LibraryImport(Lib)] internal static partial int bpf_map_lookup_elem_flags(SafeFileHandle fd, void* key, void* value, ulong flags);
    [LibraryImport(Lib)] internal static partial int bpf_map_lookup_and_delete_elem(SafeFileHandle fd, void* key, void* value);
    [LibraryImport(Lib)] internal static partial int bpf_map_update_elem(SafeFileHandle fd, void* key, void* value, ulong flags);
    [LibraryImport(Lib)] internal static partial int bpf_map_delete_elem(SafeFileHandle fd, void* key);
    [LibraryImport(Lib)] internal static partial int bpf_map_get_next_key(SafeFileHandle fd, void* key, void* nextKey);
    [LibraryImport(Lib)] internal static partial int bpf_map_freeze(SafeFileHandle fd);
    [LibraryImport(Lib)] internal static partial int bpf_map_lookup_batch(SafeFileHandle fd, void* inBatch, void* outBatch, void* keys, void* values, uint* count, BpfMapBatchOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_map_lookup_and_delete_batch(SafeFileHandle fd, void* inBatch, void* outBatch, void* keys, void* values, uint* count, BpfMapBatchOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_map_update_batch(SafeFileHandle fd, void* keys, void* values, uint* count, BpfMapBatchOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_map_delete_batch(SafeFileHandle fd, void* keys, uint* count, BpfMapBatchOpts* opts);

    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)] internal static partial int bpf_obj_pin(SafeFileHandle fd, string path);
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)] internal static partial int bpf_obj_get_opts(string path, BpfObjGetOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_obj_get_info_by_fd(SafeFileHandle fd, void* info, uint* infoLen);
    [LibraryImport(Lib)] internal static partial int bpf_prog_get_fd_by_id(uint id);
    [LibraryImport(Lib)] internal static partial int bpf_map_get_fd_by_id(uint id);
    [LibraryImport(Lib)] internal static partial int bpf_btf_get_fd_by_id(uint id);
    [LibraryImport(Lib)] internal static partial int bpf_link_get_fd_by_id(uint id);
    [LibraryImport(Lib)] internal static partial int bpf_link_detach(SafeFileHandle fd);
    [LibraryImport(Lib)] internal static partial int bpf_link_update(SafeFileHandle fd, SafeFileHandle newProg, BpfLinkUpdateOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_prog_test_run_opts(SafeFileHandle fd, BpfTestRunOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_enable_stats(int type);
    [LibraryImport(Lib)] internal static partial int bpf_prog_load(int type, byte* name, byte* license, void* insns, nuint count, BpfProgLoadOpts* opts);

    // --- ring buffer (libbpf.h) ------------------------------------------------------------------------------------
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint ring_buffer__new(SafeFileHandle mapFd, delegate* unmanaged[Cdecl]<void*, void*, nuint, int> cb, void* ctx, void* opts);
    [LibraryImport(Lib)] internal static partial void ring_buffer__free(nint rb);
    [LibraryImport(Lib)] internal static partial int ring_buffer__poll(nint rb, int timeoutMs);
    [LibraryImport(Lib)] internal static partial int ring_buffer__consume(nint rb);
    [LibraryImport(Lib)] internal static partial int ring_buffer__epoll_fd(nint rb);
}
