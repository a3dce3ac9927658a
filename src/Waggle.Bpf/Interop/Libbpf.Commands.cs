using System.Runtime.InteropServices;
using Waggle.Linux;

namespace Waggle.Bpf.Interop;

/// <summary>The fd-level commands of <c>bpf/bpf.h</c>; all return 0 (or a new fd) or <c>-errno</c>.</summary>
internal static unsafe partial class Libbpf
{
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_map_create(int type, string name, uint keySize, uint valueSize, uint maxEntries, BpfMapCreateOpts* opts);

    [LibraryImport(Lib)] internal static partial int bpf_map_lookup_elem_flags(FileDescriptor fd, void* key, void* value, ulong flags);
    [LibraryImport(Lib)] internal static partial int bpf_map_lookup_and_delete_elem(FileDescriptor fd, void* key, void* value);
    [LibraryImport(Lib)] internal static partial int bpf_map_update_elem(FileDescriptor fd, void* key, void* value, ulong flags);
    [LibraryImport(Lib)] internal static partial int bpf_map_delete_elem(FileDescriptor fd, void* key);
    [LibraryImport(Lib)] internal static partial int bpf_map_get_next_key(FileDescriptor fd, void* key, void* nextKey);
    [LibraryImport(Lib)] internal static partial int bpf_map_freeze(FileDescriptor fd);
    [LibraryImport(Lib)] internal static partial int bpf_map_lookup_batch(FileDescriptor fd, void* inBatch, void* outBatch, void* keys, void* values, uint* count, BpfMapBatchOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_map_lookup_and_delete_batch(FileDescriptor fd, void* inBatch, void* outBatch, void* keys, void* values, uint* count, BpfMapBatchOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_map_update_batch(FileDescriptor fd, void* keys, void* values, uint* count, BpfMapBatchOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_map_delete_batch(FileDescriptor fd, void* keys, uint* count, BpfMapBatchOpts* opts);

    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)] internal static partial int bpf_obj_pin(FileDescriptor fd, string path);
    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)] internal static partial int bpf_obj_get_opts(string path, BpfObjGetOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_obj_get_info_by_fd(FileDescriptor fd, void* info, uint* infoLen);
    [LibraryImport(Lib)] internal static partial int bpf_prog_get_fd_by_id(uint id);
    [LibraryImport(Lib)] internal static partial int bpf_map_get_fd_by_id(uint id);
    [LibraryImport(Lib)] internal static partial int bpf_btf_get_fd_by_id(uint id);
    [LibraryImport(Lib)] internal static partial int bpf_link_get_fd_by_id(uint id);
    [LibraryImport(Lib)] internal static partial int bpf_link_detach(FileDescriptor fd);
    [LibraryImport(Lib)] internal static partial int bpf_link_update(FileDescriptor fd, FileDescriptor newProg, BpfLinkUpdateOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_prog_test_run_opts(FileDescriptor fd, BpfTestRunOpts* opts);
    [LibraryImport(Lib)] internal static partial int bpf_enable_stats(int type);
    [LibraryImport(Lib)] internal static partial int bpf_prog_load(int type, byte* name, byte* license, void* insns, nuint count, BpfProgLoadOpts* opts);

    // --- ring buffer (libbpf.h) ------------------------------------------------------------------------------------
    [LibraryImport(Lib, SetLastError = true)]
    internal static partial nint ring_buffer__new(FileDescriptor mapFd, delegate* unmanaged[Cdecl]<void*, void*, nuint, int> cb, void* ctx, void* opts);
    [LibraryImport(Lib)] internal static partial void ring_buffer__free(nint rb);
    [LibraryImport(Lib)] internal static partial int ring_buffer__poll(nint rb, int timeoutMs);
    [LibraryImport(Lib)] internal static partial int ring_buffer__consume(nint rb);
    [LibraryImport(Lib)] internal static partial int ring_buffer__epoll_fd(nint rb);
}
